/**
 * Buffers of one size, used again: made anew for each connection, they would cost as much as all
 * else that is done for a short one, most of it the collector's work.
 *
 * @module
 */

/**
 * How much memory is taken at a time for small buffers, in bytes: each by itself would take far
 * more.
 */
const PIECE_BYTES = 64 * 1024;

/** Keeps the buffers that nobody uses. */
export class SpareBuffers {
  #bytes: number;
  #most: number;
  #spare: Uint8Array<ArrayBuffer>[] = [];

  /**
   * @param bytes The size of each buffer.
   * @param most How many are kept at most.
   */
  constructor(bytes: number, most: number) {
    this.#bytes = bytes;
    this.#most = most;
  }

  /** A buffer, with whatever is left in it from its last use. */
  take(): Uint8Array<ArrayBuffer> {
    if (this.#spare.length === 0) this.#make();
    return this.#spare.pop()!;
  }

  /** Takes a buffer back that nobody uses any more; one of another size is let go. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    if (buffer.length === this.#bytes && this.#spare.length < this.#most) this.#spare.push(buffer);
    // A process that idles collects no garbage: what has memory of its own gives that back at once.
    else if (buffer.length === buffer.buffer.byteLength) buffer.buffer.transfer(0);
  }

  #make(): void {
    const fitting = Math.max(Math.floor(PIECE_BYTES / this.#bytes), 1);
    const count = Math.min(fitting, this.#most);
    const whole = new ArrayBuffer(count * this.#bytes);
    for (let i = 0; i < count; i++) {
      this.#spare.push(new Uint8Array(whole, i * this.#bytes, this.#bytes));
    }
  }
}
