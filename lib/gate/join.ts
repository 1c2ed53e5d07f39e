/**
 * Two byte streams joined: what comes from one goes to the other, both ways, no faster than it is
 * taken. Knows nothing of the pool.
 *
 * @module
 */

import type { ByteReader } from "../io/byte_stream.ts";
import type { Socket } from "../io/socket.ts";
import { SpareBuffers } from "../io/spare_buffers.ts";

/** How much is read at a time to begin with, in bytes: most connections never say much at once. */
const FIRST_BYTES = 4 * 1024;

/**
 * How much is read at a time at most, and so waits unsent, in bytes: it decides how fast a long
 * transfer is.
 */
export const MAX_UNSENT_BYTES = 1024 * 1024;

/** By how much a buffer grows that a read has filled. */
const GROWTH = 4;

/**
 * After so many reads in a row that the first buffer could have held, it takes the place of a
 * larger one.
 */
const CALM_READS = 64;

/** How many of the first buffers are kept for those that come next. */
const MAX_SPARE = 1024;
const spareBuffers = new SpareBuffers(FIRST_BYTES, MAX_SPARE);

/** One side of the join. */
export interface Side {
  reader: ByteReader;
  socket: Socket;
  /** Closes the socket; called again, does nothing. */
  close(): void;
  /**
   * Called when bytes of it have been read, with 0, and when some of these were passed on, with how
   * many.
   */
  moved(bytes: number): void;
}

/**
 * Joins two sockets until both sides have ended, or one has failed; then both are closed. The end
 * of one side's bytes is passed on as such, and the other side may go on.
 *
 * @param client One side.
 * @param upstream The other.
 * @param upstreamEnded Called when the upstream has sent its last byte and the client has not.
 */
export async function join(
  client: Side,
  upstream: Side,
  upstreamEnded: () => void,
): Promise<void> {
  let endings = 0;
  const pass = async (from: Side, to: Side) => {
    try {
      await copy(from, to.socket);
      if (++endings === 1) {
        if (from === upstream) upstreamEnded();
        return await to.socket.closeWrite();
      }
    } catch {
      // One side is gone: the other is not to wait for it.
    }
    client.close();
    upstream.close();
  };
  const up = pass(client, upstream);
  await pass(upstream, client);
  await up;
}

/** Passes bytes on until the first side ends. Rejects when one of the two fails. */
async function copy(from: Side, to: Socket): Promise<void> {
  const { reader } = from;
  let buffer = spareBuffers.take();
  let calm = 0;
  try {
    for (;;) {
      const length = await reader.read(buffer);
      if (length === null) return;
      from.moved(0);
      const whole = length === buffer.length;
      let sent = await to.write(whole ? buffer : buffer.subarray(0, length));
      from.moved(sent);
      while (sent < length) {
        const more = await to.write(buffer.subarray(sent, length));
        from.moved(more);
        sent += more;
      }
      if (whole && length < MAX_UNSENT_BYTES) {
        buffer = new Uint8Array(Math.min(GROWTH * length, MAX_UNSENT_BYTES));
      }
      calm = length > FIRST_BYTES ? 0 : calm + 1;
      if (calm === CALM_READS && buffer.length > FIRST_BYTES) buffer = spareBuffers.take();
    }
  } finally {
    spareBuffers.give(buffer);
  }
}
