/**
 * The service that gates stand before: it counts for itself who is there, and so says whether there
 * were ever more than it bears. Imports nothing from lib/.
 *
 * @module
 */

import { Service } from "../service.ts";

/** What it says to a client that is there. */
export const WELCOME = "welcome\n";

/** A time, in milliseconds, in which there were more than it bears. */
export interface Over {
  from: number;
  to: number;
  most: number;
}

/** A client that was there. */
export interface Entry {
  /** What it said first: its name. */
  id: string;
  at: number;
}

/** Counts those who are there. */
export class Arbiter implements AsyncDisposable {
  #service: Service;
  #places: number;
  #over: Over[] = [];
  #present: string[] = [];
  /** Who came, in this order. */
  readonly entries: Entry[] = [];

  /** @param places How many it bears. */
  constructor(places: number) {
    this.#places = places;
    this.#service = new Service((socket) => this.#attend(socket));
  }

  get port(): number {
    return this.#service.address.port;
  }

  /** How many are there. */
  get count(): number {
    return this.#present.length;
  }

  /** @returns How many are there that came by one of the gates. */
  countOf(gate: number): number {
    return this.#present.filter((id) => id.startsWith(`${gate}-`)).length;
  }

  /** Takes other limits from now on. */
  set places(places: number) {
    this.#places = places;
    this.#look();
  }

  /** When there were more than it bears. */
  get over(): readonly Over[] {
    this.#look();
    return this.#over;
  }

  /** @returns For how long there were more since a moment, in milliseconds. */
  overMs(since: number): number {
    const now = performance.now();
    return this.over.reduce(
      (sum, { from, to }) => sum + Math.max(0, Math.min(to, now) - Math.max(from, since)),
      0,
    );
  }

  async #attend(socket: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(1024);
    const length = await socket.read(buffer);
    // A gate looks once whether somebody is there, and says nothing.
    if (length === null) return;
    const id = new TextDecoder().decode(buffer.subarray(0, length)).trim();
    this.entries.push({ id, at: performance.now() });
    this.#present.push(id);
    this.#look();
    try {
      await socket.write(new TextEncoder().encode(WELCOME));
      while (await socket.read(buffer) !== null);
    } finally {
      this.#present.splice(this.#present.indexOf(id), 1);
      this.#look();
    }
  }

  /** Notes the present time, where there are more than it bears. */
  #look(): void {
    const now = performance.now();
    const last = this.#over.at(-1);
    const open = last !== undefined && last.to === Infinity;
    if (this.count > this.#places) {
      if (open) last.most = Math.max(last.most, this.count);
      else this.#over.push({ from: now, to: Infinity, most: this.count });
    } else if (open) last.to = now;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service[Symbol.asyncDispose]();
  }
}
