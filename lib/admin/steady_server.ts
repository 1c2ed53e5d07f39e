/**
 * A server of HTTP that goes on where one of Deno's ends: when a connection cannot be accepted, as
 * without a free file descriptor, that is the end of the server, and nobody asks for another.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import type { Note } from "../io/log.ts";
import type { HttpServer, ServeHttp } from "../io/socket.ts";

/** How long until another server is tried, in milliseconds. */
const RETRY_MS = 100;

/** What a {@linkcode SteadyServer} works with. */
export interface SteadyServerParts {
  serve: ServeHttp;
  answer: (request: Request) => Promise<Response>;
  /** Told when an answer has failed, which is a fault of poolgate. */
  failed: (error: unknown) => void;
  clock: Clock;
  note: Note;
}

/** Serves until it is closed. */
export class SteadyServer {
  #parts: SteadyServerParts;
  #server: HttpServer | undefined;
  #address = "";
  #failing = false;
  #closed = false;

  constructor(parts: SteadyServerParts) {
    this.#parts = parts;
  }

  /** Where it serves, as text. */
  get address(): string {
    return this.#address;
  }

  /** Begins to serve. Rejects when that is not possible at the address. */
  async open(): Promise<void> {
    const { serve, failed } = this.#parts;
    const server = await serve((request) => this.#answer(request), failed);
    this.#server = server;
    this.#address = server.address;
    server.finished.catch((error: Error) => this.#lose(error));
    if (this.#closed) await server.close();
  }

  /** Takes no more requests, and waits until those under way are answered. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#server?.close();
  }

  #answer(request: Request): Promise<Response> {
    if (this.#failing) this.#parts.note("info", "serving operators again");
    this.#failing = false;
    return this.#parts.answer(request);
  }

  #lose(error: Error): void {
    const { clock, note } = this.#parts;
    if (this.#closed) return;
    if (!this.#failing) note("error", `serving operators fails: ${error.message}`);
    this.#failing = true;
    this.#server = undefined;
    clock.after(RETRY_MS, () => {
      if (!this.#closed) this.open().catch((error) => this.#lose(error));
    });
  }
}
