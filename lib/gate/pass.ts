/**
 * One direction of a connection: what comes from one side goes to the other, no faster than it is
 * taken. Knows nothing of the pool.
 *
 * @module
 */

import type { ByteReader, ByteWriter } from "../io/byte_stream.ts";
import { SpareBuffers } from "../io/spare_buffers.ts";

const KIB = 1024;

/**
 * How much is read at a time at most, and so waits unsent, in bytes: it decides how fast a long
 * transfer is.
 */
export const MAX_UNSENT_BYTES = 1024 * KIB;

/**
 * The sizes of buffers, and how many of each are kept for those that come next. A direction begins
 * with the first, as most never say much at once, and takes a larger one when a read has filled its
 * own.
 */
const SIZES = [
  new SpareBuffers(4 * KIB, 1024),
  new SpareBuffers(16 * KIB, 256),
  new SpareBuffers(128 * KIB, 2),
  new SpareBuffers(MAX_UNSENT_BYTES, 1),
] as const;
const LARGEST = SIZES.length - 1;

/**
 * The largest that a direction keeps behind a read that has not filled it. Behind a larger one it
 * begins with the first again: it may be quiet for hours.
 */
const KEPT = 1;

/** After so many reads in a row that the first size could have held, it is taken again. */
const CALM_READS = 64;
const CALM_BYTES = 4 * KIB;

/**
 * How a direction ended: its source had no more bytes, or failed, or what it goes to took no more.
 */
export type PassEnd = "ended" | "source_failed" | "sink_failed";

/**
 * Passes bytes on until that ends.
 *
 * @param moved Called when bytes have been read, with 0, and when some were passed on, with how
 *   many.
 */
export async function pass(
  source: ByteReader,
  sink: ByteWriter,
  moved: (bytes: number) => void,
): Promise<PassEnd> {
  let size = 0;
  /** The largest size that has been of use. */
  let grown = 0;
  let calm = 0;
  let buffer = SIZES[0].take();
  let reading = true;
  const resize = (to: number) => {
    SIZES[size]!.give(buffer);
    size = to;
    buffer = SIZES[to]!.take();
  };
  try {
    for (;;) {
      reading = true;
      const length = await source.read(buffer);
      if (length === null) return "ended";
      reading = false;
      moved(0);
      const whole = length === buffer.length;
      let sent = await sink.write(whole ? buffer : buffer.subarray(0, length));
      moved(sent);
      while (sent < length) {
        const more = await sink.write(buffer.subarray(sent, length));
        moved(more);
        sent += more;
      }
      calm = length > CALM_BYTES ? 0 : calm + 1;
      if (whole && size < LARGEST) {
        grown = Math.max(size + 1, grown);
        // A message that just fills the first one is not to leave a large one waiting.
        resize(size < KEPT ? KEPT : grown);
      } else if (!whole && size > KEPT) {
        resize(0);
      } else if (calm === CALM_READS && size > 0) {
        resize(0);
        grown = 0;
      }
    }
  } catch {
    return reading ? "source_failed" : "sink_failed";
  } finally {
    SIZES[size]!.give(buffer);
  }
}
