/**
 * Text on its way to a writer: gathered until it is flushed, then written as one. Knows nothing of
 * what it carries.
 *
 * @module
 */

import { AsciiBuffer } from "./ascii_buffer.ts";
import { type ByteWriter, writeAll } from "./byte_stream.ts";

/** Gathers text, and writes it. */
export class BufferedWriter {
  #writer: ByteWriter;
  #firstBytes: number | undefined;
  #gathered: AsciiBuffer;
  /** Empty, in turn with the one that gathers: a write may be under way while more is appended. */
  #spare: AsciiBuffer | undefined;
  #writing: Promise<void> | undefined;

  /**
   * @param writer Where the text goes; nobody else may write to it meanwhile.
   * @param firstBytes How much room to begin with; by default, that of an {@linkcode AsciiBuffer}.
   */
  constructor(writer: ByteWriter, firstBytes?: number) {
    this.#writer = writer;
    this.#firstBytes = firstBytes;
    this.#gathered = new AsciiBuffer(firstBytes);
  }

  /**
   * What the next flush writes, good until then. It has no bound: who appends watches its length.
   */
  get gathered(): AsciiBuffer {
    return this.#gathered;
  }

  /** Whether a write is under way. */
  get writing(): boolean {
    return this.#writing !== undefined;
  }

  /**
   * Writes what has been gathered, after what is being written. Rejects when one of these writes
   * fails: what it could not write is lost, what was gathered behind it is written all the same.
   */
  async flush(): Promise<void> {
    let failure: { error: unknown } | undefined;
    while (this.#writing !== undefined) {
      await this.#writing.catch((error) => failure ??= { error });
    }
    if (this.#gathered.length > 0) {
      this.#writing = this.#write();
      try {
        await this.#writing;
      } finally {
        this.#writing = undefined;
      }
    }
    if (failure !== undefined) throw failure.error;
  }

  async #write(): Promise<void> {
    const full = this.#gathered;
    this.#gathered = this.#spare ?? new AsciiBuffer(this.#firstBytes);
    this.#spare = full;
    try {
      await writeAll(this.#writer, full.bytes);
    } finally {
      full.clear();
    }
  }
}
