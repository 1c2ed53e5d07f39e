/**
 * The default way in: requests as lines of a byte stream, replies as lines of another, in the same
 * order. Its streams are arguments; the pool is behind the node.
 *
 * @module
 */

import { BufferedWriter } from "./io/buffered_writer.ts";
import type { ByteReader, ByteWriter } from "./io/byte_stream.ts";
import { type Line, LineReader, MAX_LINE_BYTES } from "./io/lines.ts";
import type { Log } from "./io/log.ts";
import { decode } from "./protocol/decode.ts";
import type { Node } from "./protocol/node.ts";
import { Replies } from "./protocol/replies.ts";

/**
 * With more bytes of replies than this gathered, they are written before the next request is
 * answered.
 */
export const MAX_UNSENT_BYTES = 64 * 1024;

/**
 * With more replies than this that the pool has yet to give, no further request is read until it
 * has given all of them.
 */
export const MAX_UNANSWERED = 10_000;

/** What requests are answered with whose answer nobody waits for any longer. */
const GIVEN_UP = "the pool did not answer in time: it is not known whether this was carried out";

/** What {@linkcode serve} works with. */
export interface Stdio {
  input: ByteReader;
  output: ByteWriter;
  node: Node;
  log: Log;
  /** Until when clients may be promoted that no request lets in; left out, until the input ends. */
  lasting?: Promise<void>;
  /**
   * Waits for as long as the pool may take, once the input has ended, to answer what is left; left
   * out, it may take for ever.
   */
  patience?: () => Promise<void>;
}

/**
 * Answers requests until the input ends and every reply and announcement is written. Replies to
 * requests that arrived together leave together; nothing is read while a reply is unsent, so a
 * reader of the replies that does not keep up slows the requests down, not the memory up. An
 * announcement that no request caused is written at once, also when the input has ended; there are
 * no more of these than requests that asked for one.
 *
 * A request whose reply the pool has yet to give holds up the replies behind it, but no request: up
 * to {@linkcode MAX_UNANSWERED} are under way at a time.
 *
 * @throws The error of the input when a read fails, that of the output when a write fails.
 */
export async function serve(
  { input, output, node, log, lasting, patience }: Stdio,
): Promise<void> {
  const writer = new BufferedWriter(output);
  const reader = new LineReader(input);
  let number = 0;
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  // Nobody may wait for it: a write of the next reply can meet the failure first.
  failed.catch(() => {});
  const replies = new Replies({
    node,
    gathered: () => writer.gathered,
    late: () =>
      queueMicrotask(() => {
        writer.flush().catch(fail);
        log.flush();
      }),
    afterwards: queueMicrotask,
    crashed: (error, line) =>
      log.note("error", `line ${line} met a fault of poolgate: ${error}`, { event: "fault" }),
  });
  for (let batch = await reader.read(); batch !== undefined; batch = await reader.read()) {
    for (const line of batch) {
      number++;
      answer(line, number, replies, log);
      if (writer.gathered.length > MAX_UNSENT_BYTES) await writer.flush();
    }
    // Replies first: a stderr that nobody reads is not to hold them up.
    await writer.flush();
    await log.flush();
    if (replies.standing > MAX_UNANSWERED) await Promise.race([failed, allAnswered(replies)]);
  }
  await Promise.race([failed, allAnswered(replies), ...patience === undefined ? [] : [patience()]]);
  replies.giveUp(GIVEN_UP);
  await writer.flush();
  await Promise.race([failed, lasting]);
  await writer.flush();
  // The last write may have failed before there was another one to meet that.
  await Promise.race([failed, undefined]);
}

/** Resolves when each request so far has its reply. */
function allAnswered(replies: Replies): Promise<void> {
  return new Promise((resolve) => replies.whenAnswered(resolve));
}

function answer(line: Line, number: number, replies: Replies, log: Log): void {
  const message = typeof line === "string" ? decode(line) : CUT;
  if (message.type === "request") replies.answer(message, number);
  if (message.type !== "fault") return;
  log.note("warn", `line ${number} is passed over: ${message.reason}`);
}

const CUT = { type: "fault", reason: `it is longer than ${MAX_LINE_BYTES} bytes` } as const;
