/**
 * The bytes of a client from its first on. While the client waits they are kept, so that they can
 * be passed on later and its hang-up is seen; afterwards they are read as from the socket itself.
 *
 * @module
 */

import type { ByteReader } from "../io/byte_stream.ts";
import { SpareBuffers } from "../io/spare_buffers.ts";

/** How many bytes of a waiting client are kept; it may send more only when it has a place. */
export const MAX_HELD_BYTES = 64 * 1024;

/** What a waiting client costs until it has sent that much: few send more than a greeting. */
const FIRST_BYTES = 256;

/** How many of the first buffers are kept for those that come next. */
const MAX_SPARE = 4096;
const spareBuffers = new SpareBuffers(FIRST_BYTES, MAX_SPARE);

const NOTHING = new Uint8Array();

/** Who is told what a client does that is not read. */
export interface ReadAheadListener {
  /** The client's bytes have ended, or its connection has failed. */
  hungUp(): void;
  /** More of its bytes are kept. */
  kept(): void;
  /** As many bytes are kept as may be: from now on, a hang-up is not seen. */
  heldFull(): void;
}

/** A reader of a client's bytes. */
export class ReadAhead implements ByteReader {
  #source: ByteReader;
  #listener: ReadAheadListener;
  /** The bytes from `#start` to `#end` are kept. */
  #buffer = NOTHING;
  #start = 0;
  #end = 0;
  #watching: Promise<void> | undefined;
  #released = false;
  #over: { error: unknown } | "ended" | undefined;

  /**
   * @param source Where the client's bytes come from. Nobody else may read it from now on.
   * @param listener Told of a hang-up that {@linkcode watch} sees before the first read.
   */
  constructor(source: ByteReader, listener: ReadAheadListener) {
    this.#source = source;
    this.#listener = listener;
  }

  /**
   * Keeps what the client sends until the first {@linkcode read}, or until {@linkcode
   * MAX_HELD_BYTES} are there. The hang-up of a client that has filled these is seen only once it
   * has been read. Asked again, tells again of a hang-up that was seen.
   */
  watch(): void {
    if (this.#over !== undefined) return this.#listener.hungUp();
    if (this.#watching !== undefined) return;
    this.#buffer = spareBuffers.take();
    this.#watchOn();
  }

  /** The bytes that are kept, while none has been read. They change with the next that come. */
  get held(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Whether the client's bytes have ended, and there were any: that may be a whole request. */
  get endedBehindBytes(): boolean {
    return this.#over === "ended" && this.#end > 0;
  }

  /** The next bytes, those kept first. Rejects when the connection failed. */
  read(buffer: Uint8Array): Promise<number | null> | number | null {
    return this.#watching === undefined ? this.#source.read(buffer) : this.#readOn(buffer);
  }

  /** Waits for more. No function is suspended meanwhile: that is memory for each that waits. */
  #watchOn(): void {
    const room = this.#end === 0 ? this.#buffer : this.#buffer.subarray(this.#end);
    this.#watching = Promise.resolve(this.#source.read(room)).then(
      (length) => length === null ? this.#finish("ended") : this.#keep(length),
      (error) => this.#finish({ error }),
    );
  }

  #finish(over: { error: unknown } | "ended"): void {
    this.#over = over;
    if (this.#end === 0) this.#giveBack();
    if (!this.#released) this.#listener.hungUp();
  }

  #keep(length: number): void {
    this.#end += length;
    this.#makeRoom();
    if (this.#released) return;
    try {
      this.#listener.kept();
    } catch (error) {
      return this.#finish({ error });
    }
    if (this.#end < MAX_HELD_BYTES) this.#watchOn();
    else this.#listener.heldFull();
  }

  #makeRoom(): void {
    if (this.#end < this.#buffer.length || this.#end === MAX_HELD_BYTES) return;
    const grown = new Uint8Array(Math.min(4 * this.#buffer.length, MAX_HELD_BYTES));
    grown.set(this.#buffer);
    spareBuffers.give(this.#buffer);
    this.#buffer = grown;
  }

  #giveBack(): void {
    spareBuffers.give(this.#buffer);
    this.#buffer = NOTHING;
  }

  /** Reads on from what is kept, by way of the read that the watch has begun. */
  async #readOn(buffer: Uint8Array): Promise<number | null> {
    this.#released = true;
    if (this.#start === this.#end) await this.#watching;
    if (this.#start < this.#end) return this.#take(buffer);
    if (this.#over === "ended") return null;
    if (this.#over !== undefined) throw this.#over.error;
    this.#watching = undefined;
    this.#giveBack();
    return await this.#source.read(buffer);
  }

  #take(buffer: Uint8Array): number {
    const taken = this.#buffer.subarray(this.#start, this.#end).subarray(0, buffer.length);
    buffer.set(taken);
    this.#start += taken.length;
    return taken.length;
  }
}
