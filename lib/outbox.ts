/**
 * Gathered writes: text leaves in the order it came, with one write in flight; whatever comes meanwhile
 * gathers behind it and leaves as the next. No timer: a lone text leaves at once. Knows nothing of what
 * it carries.
 *
 * @module
 */

import { AsciiBuffer } from "./ascii_buffer.ts";

/** Where bytes go, as `Deno.stdout` takes them. */
export interface ByteWriter {
  /** Writes some of the bytes, at least one, and returns how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** A queue of text on its way to a writer. It has no bound: who fills it watches {@linkcode unsent}. */
export class Outbox {
  #writer: ByteWriter;
  #gathering = new AsciiBuffer();
  #leaving = new AsciiBuffer();
  #delivery: Promise<void> | undefined;
  #broken = Promise.withResolvers<never>();
  #isBroken = false;

  /** @param writer Where the text goes; nobody else may write to it meanwhile. */
  constructor(writer: ByteWriter) {
    this.#writer = writer;
    this.#broken.promise.catch(() => {});
  }

  /** Where to append what is to leave next; {@linkcode send} says when it is whole. Ask for it each time. */
  get gathering(): AsciiBuffer {
    return this.#gathering;
  }

  /** How many bytes are not written yet. */
  get unsent(): number {
    return this.#leaving.length + this.#gathering.length;
  }

  /** Rejects with the writer's error when a write fails; never resolves. */
  get broken(): Promise<never> {
    return this.#broken.promise;
  }

  /** Sends what has been gathered, after all that went before. Once a write has failed, it goes nowhere. */
  send(): void {
    if (this.#isBroken) this.#gathering.clear();
    else this.#delivery ??= this.#deliver();
  }

  /** Resolves when everything is written; rejects with the writer's error when a write fails. */
  async drained(): Promise<void> {
    await this.#delivery;
    if (this.#isBroken) await this.#broken.promise;
  }

  async #deliver(): Promise<void> {
    try {
      while (this.#gathering.length > 0) {
        [this.#gathering, this.#leaving] = [this.#leaving, this.#gathering];
        const { bytes } = this.#leaving;
        for (let sent = 0; sent < bytes.length;) {
          sent += await this.#writer.write(bytes.subarray(sent));
        }
        this.#leaving.clear();
      }
    } catch (error) {
      this.#isBroken = true;
      this.#leaving.clear();
      this.#gathering.clear();
      this.#broken.reject(error);
    }
    this.#delivery = undefined;
  }
}
