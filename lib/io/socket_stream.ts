/**
 * A socket as `node:http` takes one.
 *
 * @module
 */

import { Duplex } from "node:stream";
import { writeAll } from "./byte_stream.ts";
import type { Socket } from "./socket.ts";

/** How much is read at a time, in bytes. */
const READ_BYTES = 16 * 1024;

/**
 * A socket as a stream of Node. It fails in silence: whoever reads or writes sees it closed, since
 * a peer that is gone is no news.
 */
export class SocketStream extends Duplex {
  #socket: Socket;
  #buffer = new Uint8Array(READ_BYTES);

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
  }

  override async _read(): Promise<void> {
    try {
      const length = await this.#socket.read(this.#buffer);
      this.push(length === null ? null : this.#buffer.slice(0, length));
    } catch {
      this.destroy();
    }
  }

  override async _write(bytes: Uint8Array, _: unknown, done: () => void): Promise<void> {
    try {
      await writeAll(this.#socket, bytes);
      done();
    } catch {
      this.destroy();
    }
  }

  override async _final(done: () => void): Promise<void> {
    try {
      await this.#socket.closeWrite();
      done();
    } catch {
      this.destroy();
    }
  }

  override _destroy(_: unknown, done: () => void): void {
    this.#socket.close();
    done();
  }
}
