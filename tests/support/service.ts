/**
 * Something for a gate to forward to.
 *
 * @module
 */

import { listener } from "./sockets.ts";

/** What a service does with a connection. It is closed afterwards. */
export type Behaviour = (socket: Deno.TcpConn) => Promise<void>;

/** Answers each chunk with itself in angle brackets, and ends when the client does. */
export const echo: Behaviour = async (socket) => {
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const length = await socket.read(buffer);
    if (length === null) break;
    const text = new TextDecoder().decode(buffer.subarray(0, length));
    await socket.write(new TextEncoder().encode(`<${text}>`));
  }
  await socket.closeWrite();
};

/** A service that runs until the test disposes of it; its connections die with it. */
export class Service implements AsyncDisposable {
  #listener: Deno.TcpListener;
  #serving: Promise<void>;
  #open = new Set<Deno.TcpConn>();
  /** How many connections there have been. */
  served = 0;
  /** The most that there were at once. */
  peak = 0;

  constructor(behaviour: Behaviour = echo, port = 0) {
    this.#listener = listener(port);
    this.#serving = this.#serve(behaviour);
  }

  get address() {
    return { ...this.#listener.addr, transport: "tcp" as const };
  }

  /** How many connections there are. */
  get open(): number {
    return this.#open.size;
  }

  /** Closes all connections that there are. */
  end(): void {
    for (const socket of this.#open) this.#drop(socket);
  }

  async #serve(behaviour: Behaviour): Promise<void> {
    for await (const socket of this.#listener) {
      this.served++;
      this.#open.add(socket);
      this.peak = Math.max(this.peak, this.open);
      behaviour(socket).catch(() => {}).finally(() => this.#drop(socket));
    }
  }

  #drop(socket: Deno.TcpConn): void {
    if (this.#open.delete(socket)) socket.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.end();
    await this.#serving.catch(() => {});
  }
}
