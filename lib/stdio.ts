/**
 * The default way in: requests as lines of a byte stream, replies as lines of another, in the same order.
 * Its streams are arguments; the pool is behind the node.
 *
 * @module
 */

import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { type ByteReader, isCut, MAX_LINE_BYTES, readLines } from "./lines.ts";
import type { Log } from "./log.ts";
import type { Node } from "./node.ts";
import { type ByteWriter, Outlet } from "./outlet.ts";
import { ErrorCode } from "./protocol.ts";

/** With more bytes of replies than this gathered, they are written before the next request is answered. */
export const MAX_UNSENT_BYTES = 64 * 1024;

/** What {@linkcode serve} works with. */
export interface Stdio {
  input: ByteReader;
  output: ByteWriter;
  node: Node;
  log: Log;
}

/**
 * Answers requests until the input ends and every reply is written. Replies to requests that arrived
 * together leave together; nothing is read while a reply is unsent, so a reader of the replies that does
 * not keep up slows the requests down, not the memory up. A notice that no request caused is written at once,
 * also when the input has ended; there are no more of these than requests that asked for one.
 *
 * @throws The error of the input when a read fails, that of the output when a write fails.
 */
export async function serve({ input, output, node, log }: Stdio): Promise<void> {
  const replies = new Outlet(output);
  // Replies first: a stderr that nobody reads is not to hold them up.
  const flush = async () => {
    await replies.flush();
    await log.flush();
  };
  node.onNotice = () => queueMicrotask(() => sendNotices(node, replies));
  const lines = readLines(input, flush);
  for (let number = 1;; number++) {
    const { done, value: line } = await lines.read();
    if (done) break;
    answer(line, number, node, replies, log);
    if (replies.gathered.length > MAX_UNSENT_BYTES) await replies.flush();
  }
  await flush();
}

/**
 * A reader whose input also ends by something else, in the middle of a read, too.
 *
 * @param end Resolves when the input is to end.
 * @param input The bytes until then. What a read takes from it that was not over by then is lost.
 */
export function endedBy(end: Promise<void>, input: ByteReader): ByteReader {
  let ended = false;
  let endRead = () => {};
  // Once for all reads: what each of them had asked to be told would be kept until the end.
  end.then(() => {
    ended = true;
    endRead();
  });
  return {
    read(buffer) {
      if (ended) return null;
      return new Promise((resolve, reject) => {
        endRead = () => resolve(null);
        Promise.resolve(input.read(buffer)).then(resolve, reject);
      });
    },
  };
}

/** Sends the notices that are not taken along by the answer to a request; replies are left to gather. */
function sendNotices(node: Node, replies: Outlet): void {
  const notices = node.notices();
  if (notices.length === 0) return;
  for (const notice of notices) encode(notice, replies.gathered);
  // Where the output fails, the next reply meets it too, and says so.
  replies.flush().catch(() => {});
}

function answer(line: string, number: number, node: Node, replies: Outlet, log: Log): void {
  const message = decode(line);
  if (message.type === "ignored") return;
  if (message.type === "fault") {
    const reason = isCut(line) ? `it is longer than ${MAX_LINE_BYTES} bytes` : message.reason;
    return log.note("warn", `line ${number} is passed over: ${reason}`);
  }
  for (const reply of node.handle(message)) {
    encode(reply, replies.gathered);
    const { body } = reply;
    if (body.type === "error" && body.code === ErrorCode.Crash) {
      log.note("error", `line ${number} met a fault of poolgate: ${body.text}`);
    }
  }
}
