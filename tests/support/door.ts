/**
 * A listener without a network: whoever arrives is made by the test.
 *
 * @module
 */

import type { Accept, Arrival, Listener, Socket } from "../../lib/io/socket.ts";
import { settled } from "./fake_clock.ts";

/**
 * A client that hears all, says nothing, and ends when the test wants it to, or when it is closed.
 */
export class Visitor implements Socket {
  readonly name: string;
  heard = "";
  /** Whether the gate has ended its side. */
  told = false;
  /** How often the gate has closed the connection. */
  closes = 0;
  #end = Promise.withResolvers<null>();

  constructor(name: string) {
    this.name = name;
  }

  get closed(): boolean {
    return this.closes > 0;
  }

  /** The bodies of the messages that it has heard. */
  get messages(): { type: string; status?: string }[] {
    return this.heard.split("\n").slice(0, -1).map((line) => JSON.parse(line).body);
  }

  hangUp(): void {
    this.#end.resolve(null);
  }

  /** Breaks the connection, as a reset does. */
  reset(): void {
    this.#end.promise.catch(() => {});
    this.#end.reject(new Error("reset"));
  }

  read(_: Uint8Array): Promise<null> {
    return this.#end.promise;
  }

  write(bytes: Uint8Array): number {
    this.heard += new TextDecoder().decode(bytes);
    return bytes.length;
  }

  closeWrite(): Promise<void> {
    this.told = true;
    return Promise.resolve();
  }

  close(): void {
    this.closes++;
    this.#end.resolve(null);
  }
}

/** Where visitors arrive. */
export class Door implements Listener {
  readonly address = "nowhere";
  #next = Promise.withResolvers<Arrival>();
  #count = 0;
  readonly accepts: Accept[] = [() => this.#next.promise];

  close(): void {
    this.#next.promise.catch(() => {});
    this.#next.reject(new Error("closed"));
  }

  /** Lets one arrive, and whatever follows from that without time happen. */
  async arrive(source?: string): Promise<Visitor> {
    const visitor = new Visitor(`client ${++this.#count}`);
    const { resolve } = this.#next;
    this.#next = Promise.withResolvers();
    resolve({ socket: visitor, name: visitor.name, source, route: undefined });
    await settled();
    return visitor;
  }
}
