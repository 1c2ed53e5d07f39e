/**
 * A socket whose other side is the test.
 *
 * @module
 */

import type { Socket } from "../../lib/io/socket.ts";

/** One side of a connection. What it is sent is kept, and it reads what the test says. */
export class FakeSocket implements Socket {
  heard = "";
  /** Whether this side has been ended. */
  ended = false;
  /** How often it has been closed. */
  closes = 0;
  #closed: () => void;
  #said: (Uint8Array | null | Error)[] = [];
  #more = Promise.withResolvers<void>();

  /** @param closed Called when it is closed. */
  constructor(closed: () => void = () => {}) {
    this.#closed = closed;
  }

  /** The other side says something. */
  say(text: string): void {
    this.#push(new TextEncoder().encode(text));
  }

  /** The other side ends, or the connection fails. */
  end(error?: Error): void {
    this.#push(error ?? null);
  }

  #push(said: Uint8Array | null | Error): void {
    this.#said.push(said);
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#said.length === 0) await this.#more.promise;
    const said = this.#said[0];
    if (said instanceof Error) throw said;
    if (said === null || said === undefined) return null;
    const length = Math.min(said.length, buffer.length);
    buffer.set(said.subarray(0, length));
    if (length < said.length) this.#said[0] = said.subarray(length);
    else this.#said.shift();
    return length;
  }

  write(bytes: Uint8Array): number {
    if (this.closes > 0) throw new Error("closed");
    this.heard += new TextDecoder().decode(bytes);
    return bytes.length;
  }

  closeWrite(): Promise<void> {
    this.ended = true;
    return Promise.resolve();
  }

  close(): void {
    this.closes++;
    this.#closed();
    this.end(new Error("closed"));
  }
}
