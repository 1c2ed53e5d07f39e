/**
 * A byte stream that something else may end.
 *
 * @module
 */

import type { ByteReader } from "./byte_stream.ts";

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
