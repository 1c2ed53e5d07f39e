/**
 * A way to a server that can be cut, as a network is that loses everything: nobody is told, nothing
 * comes through, and what was sent meanwhile comes late when it heals. Imports nothing from lib/.
 *
 * @module
 */

import { listener } from "../sockets.ts";

/** Passes on connections. */
export class Cuttable implements AsyncDisposable {
  #listener = listener();
  readonly port = this.#listener.addr.port;
  #open = new Set<Deno.TcpConn>();
  #healed = Promise.resolve();
  #heal = () => {};
  #serving: Promise<void>;
  /** The port that connections are passed on to; a new one counts for those that come. */
  target: number;

  constructor(target: number) {
    this.target = target;
    this.#serving = this.#serve();
  }

  /** Lets nothing through any more. */
  cut(): void {
    this.heal();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#healed = promise;
    this.#heal = resolve;
  }

  /** Ends {@linkcode cut}. */
  heal(): void {
    this.#heal();
  }

  /** Closes all connections that there are. */
  drop(): void {
    for (const socket of this.#open) this.#close(socket);
  }

  /** Ends all connections, and takes no more. */
  close(): void {
    this.#listener.close();
    this.drop();
  }

  /** Ends {@linkcode close}. */
  reopen(): void {
    this.#listener = listener(this.port);
    this.#serving = this.#serve();
  }

  async #serve(): Promise<void> {
    const taking = this.#listener;
    try {
      for await (const socket of taking) {
        this.#open.add(socket);
        this.#pass(socket);
      }
    } catch (error) {
      // Those that come at the moment in which it closes.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #pass(socket: Deno.TcpConn): Promise<void> {
    try {
      await this.#healed;
      const server = await Deno.connect({ hostname: "127.0.0.1", port: this.target });
      this.#open.add(server);
      socket.setNoDelay();
      server.setNoDelay();
      await Promise.race([this.#pump(socket, server), this.#pump(server, socket)]);
      this.#close(server);
    } catch {
      // Whoever asked for it is told by the end of the connection.
    }
    this.#close(socket);
  }

  async #pump(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (;;) {
        const length = await from.read(buffer);
        await this.#healed;
        if (length === null) return;
        for (let sent = 0; sent < length;) sent += await to.write(buffer.subarray(sent, length));
      }
    } catch {
      await this.#healed;
    }
  }

  #close(socket: Deno.TcpConn): void {
    if (this.#open.delete(socket)) socket.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#listener.close();
    } catch {
      // It is closed already.
    }
    this.heal();
    this.drop();
    await this.#serving;
  }
}
