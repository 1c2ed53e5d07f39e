/**
 * The default way in: requests as lines of a byte stream, replies as lines of another, in the same order.
 * Its streams are arguments; the pool is the node's affair.
 *
 * @module
 */

import { type ByteReader, isCut, MAX_LINE_BYTES, readLines } from "./lines.ts";
import type { Node } from "./node.ts";
import { type ByteWriter, Outbox } from "./outbox.ts";
import { decode, encode } from "./protocol.ts";

/** How much may wait for a slow reader of the replies, in bytes, before requests wait too. */
export const MAX_UNSENT_BYTES = 1024 * 1024;

/** The parts of {@linkcode serve}. */
export interface Stdio {
  input: ByteReader;
  output: ByteWriter;
  node: Node;
  /** Called with one sentence about a line that could not be answered, or a fault of this program. */
  warn: (text: string) => void;
}

/**
 * Answers requests until the input ends and every reply is written.
 *
 * @throws The error of the input when a read fails, that of the output when a write fails.
 */
export async function serve({ input, output, node, warn }: Stdio): Promise<void> {
  const outbox = new Outbox(output);
  await Promise.race([answer(readLines(input), outbox, node, warn), outbox.broken]);
}

async function answer(
  lines: ReadableStreamDefaultReader<string>,
  outbox: Outbox,
  node: Node,
  warn: Stdio["warn"],
): Promise<void> {
  for (let number = 1;; number++) {
    const { done, value: line } = await lines.read();
    if (done) break;
    const message = decode(line);
    if (message.type === "silent") continue;
    if (message.type === "fault") {
      const reason = isCut(line) ? `it is longer than ${MAX_LINE_BYTES} bytes` : message.reason;
      warn(`line ${number} is passed over: ${reason}`);
      continue;
    }
    for (const reply of node.handle(message)) encode(reply, outbox.gathering);
    outbox.send();
    if (outbox.unsent > MAX_UNSENT_BYTES) await outbox.drained();
  }
  await outbox.drained();
}
