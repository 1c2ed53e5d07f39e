/**
 * A byte stream that something else may end.
 *
 * @module
 */

import type { ByteReader } from "./byte_stream.ts";
import type { Clock } from "./clock.ts";

/** How long a read may take once the input is to end, in ms: what was sent before is there. */
export const AT_HAND_MS = 50;

/**
 * How much is read once the input is to end, in bytes, the last read apart: a pipe holds no more.
 */
export const MAX_AT_HAND_BYTES = 64 * 1024;

/**
 * A reader whose input also ends by something else, in the middle of a read, too. What was sent
 * before that is still read.
 *
 * @param end Resolves when the input is to end.
 * @param input The bytes until then. What a read takes from it that was not over in time is lost.
 * @param clock The time.
 */
export function endedBy(end: Promise<void>, input: ByteReader, clock: Clock): ByteReader {
  let left = Infinity;
  let limitRead = () => {};
  // Once for all reads: what each of them had asked to be told would be kept until the end.
  end.then(() => {
    left = MAX_AT_HAND_BYTES;
    limitRead();
  });

  async function read(buffer: Uint8Array): Promise<number | null> {
    let cancel = () => {};
    const tooLate = new Promise<null>((resolve) => {
      limitRead = () => cancel = clock.after(AT_HAND_MS, () => resolve(null));
    });
    if (left < Infinity) limitRead();
    try {
      const length = await Promise.race([input.read(buffer), tooLate]);
      left = length === null ? 0 : left - length;
      return length;
    } finally {
      limitRead = () => {};
      cancel();
    }
  }

  return { read: (buffer) => left > 0 ? read(buffer) : null };
}
