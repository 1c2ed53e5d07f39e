/**
 * The client's side of a connection: its socket, read ahead, its bytes counted, closed once. Knows
 * neither the pool nor what is spoken.
 *
 * @module
 */

import type { ByteReader, ByteWriter } from "../io/byte_stream.ts";
import type { Socket } from "../io/socket.ts";
import type { Traffic } from "../pool/client.ts";
import { ReadAhead, type ReadAheadListener } from "./read_ahead.ts";

/** One client's socket. */
export class ClientSide implements ByteReader, ByteWriter, Traffic {
  readonly socket: Socket;
  /** The only way to read the socket. */
  readonly input: ReadAhead;
  received = 0;
  sent = 0;
  #all: Traffic;
  #closed = false;
  #failed = false;

  /**
   * @param all What has gone over all connections, to be counted along.
   * @param listener Told of what {@linkcode ReadAhead.watch} sees.
   */
  constructor(socket: Socket, all: Traffic, listener: ReadAheadListener) {
    this.socket = socket;
    this.input = new ReadAhead(socket, listener);
    this.#all = all;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Whether the socket has failed, or was closed meanwhile: an error after that is no fault of
   * poolgate.
   */
  get failed(): boolean {
    return this.#failed;
  }

  /** Reads bytes that count as received at once. */
  async read(buffer: Uint8Array): Promise<number | null> {
    try {
      const length = await this.input.read(buffer);
      this.countReceived(length ?? 0);
      return length;
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Reads bytes that do not count: what a client says that is being rejected. */
  async hear(buffer: Uint8Array): Promise<number | null> {
    try {
      return await this.input.read(buffer);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  async write(bytes: Uint8Array): Promise<number> {
    try {
      const length = await this.socket.write(bytes);
      this.countSent(length);
      return length;
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Sends the end of this side's bytes. */
  async closeWrite(): Promise<void> {
    await this.socket.closeWrite().catch((error) => {
      throw this.#fail(error);
    });
  }

  /** Counts bytes that the client has sent. */
  countReceived(bytes: number): void {
    this.received += bytes;
    this.#all.received += bytes;
  }

  /** Counts bytes that the client was sent. */
  countSent(bytes: number): void {
    this.sent += bytes;
    this.#all.sent += bytes;
  }

  #fail(error: unknown): unknown {
    this.#failed = true;
    return error;
  }

  /** Closes the socket, whatever goes on there; again, does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.socket.close();
  }
}
