/**
 * Where text leaves: gathered until it is flushed, then written as one. Knows nothing of what it carries.
 *
 * @module
 */

import { AsciiBuffer } from "./ascii_buffer.ts";

/** Where bytes go, as `Deno.stdout` takes them. */
export interface ByteWriter {
  /** Writes some of the bytes, at least one, now or later, and returns how many. */
  write(bytes: Uint8Array): Promise<number> | number;
}

/** Text on its way to a writer. */
export class Outlet {
  /** What the next flush writes. It has no bound: who appends to it watches its length. */
  readonly gathered = new AsciiBuffer();
  #writer: ByteWriter;

  /** @param writer Where the text goes; nobody else may write to it meanwhile. */
  constructor(writer: ByteWriter) {
    this.#writer = writer;
  }

  /** Writes what has been gathered. Nothing may be appended until it is done. Rejects when a write fails. */
  async flush(): Promise<void> {
    const { bytes } = this.gathered;
    for (let sent = 0; sent < bytes.length;) sent += await this.#writer.write(bytes.subarray(sent));
    this.gathered.clear();
  }
}
