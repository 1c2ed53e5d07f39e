/**
 * Buffers of one size, used again: made anew for each connection, they would cost as much as all
 * else that is done for a short one, most of it the collector's work.
 *
 * @module
 */

/**
 * How many buffers are made at a time, of one piece of memory: each by itself would take far more.
 */
const CUT = 16;

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
    if (this.#spare.length === 0) this.#cut();
    return this.#spare.pop()!;
  }

  /** Takes a buffer back that nobody uses any more; one of another size is let go. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    if (buffer.length === this.#bytes && this.#spare.length < this.#most) this.#spare.push(buffer);
  }

  #cut(): void {
    const whole = new ArrayBuffer(CUT * this.#bytes);
    for (let i = 0; i < CUT; i++) {
      this.#spare.push(new Uint8Array(whole, i * this.#bytes, this.#bytes));
    }
  }
}
