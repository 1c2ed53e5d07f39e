/**
 * Real sockets on loopback, for the tests of what works with them.
 *
 * @module
 */

import { connect, type Socket } from "node:net";

/** A listener, on a free port where none is given. */
export function listener(port = 0): Deno.TcpListener {
  return Deno.listen({ hostname: "127.0.0.1", port });
}

/** @returns A port that is free, and that the kernel gives to no outgoing connection: these are 32768 and up. */
export function freePort(): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** Both ends of a new connection: who connected, and who accepted. */
export async function pair(): Promise<[Deno.TcpConn, Deno.TcpConn]> {
  using door = listener();
  const { hostname, port } = door.addr;
  return await Promise.all([Deno.connect({ hostname, port }), door.accept()]);
}

/** A connection that can be reset, which Deno's own cannot. */
export function resettable(port: number): Socket {
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("error", () => {});
  return socket;
}

/** As {@linkcode resettable}, connected: until it is, a reset would be a regular end. */
export async function connectResettable(port: number): Promise<Socket> {
  const socket = resettable(port);
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

/** As {@linkcode pair}, with a first end that is {@linkcode resettable}. */
export async function resettablePair(): Promise<[Socket, Deno.TcpConn]> {
  using door = listener();
  return await Promise.all([connectResettable(door.addr.port), door.accept()]);
}

/** A client that speaks in text. */
export class Client {
  readonly socket: Deno.Conn;
  #decoder = new TextDecoder();
  #heard = "";
  /** Whether the other side has ended, or the connection has failed. */
  ended = false;

  /** Its own end, as the other side sees it: `HOST:PORT`, or nothing of the kind over a Unix socket. */
  readonly name: string;

  constructor(socket: Deno.Conn) {
    this.socket = socket;
    // Its own end has no address any more when it has been closed.
    const { hostname, port } = socket.localAddr as Deno.NetAddr;
    this.name = `${hostname}:${port}`;
  }

  static async to(address: string): Promise<Client> {
    const at = address.lastIndexOf(":");
    const hostname = address.slice(0, at);
    return new Client(await Deno.connect({ hostname, port: Number(address.slice(at + 1)) }));
  }

  async say(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    for (let sent = 0; sent < bytes.length;) sent += await this.socket.write(bytes.subarray(sent));
  }

  /** The next line; `undefined` when the other side has ended without one. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const at = this.#heard.indexOf("\n");
      if (at !== -1) {
        const line = this.#heard.slice(0, at);
        this.#heard = this.#heard.slice(at + 1);
        return line;
      }
      if (!await this.#more()) return undefined;
    }
  }

  /** All that comes until the other side ends, or the connection fails. */
  async rest(): Promise<string> {
    while (await this.#more());
    return this.#heard;
  }

  close(): void {
    this.socket.close();
  }

  async #more(): Promise<boolean> {
    const buffer = new Uint8Array(4096);
    // A test whose client hears nothing fails, instead of waiting for ever.
    const limit = setTimeout(() => this.socket.close(), PATIENCE_MS);
    const length = await this.socket.read(buffer).catch(() => null);
    clearTimeout(limit);
    if (length === null) this.ended = true;
    else this.#heard += this.#decoder.decode(buffer.subarray(0, length), { stream: true });
    return length !== null;
  }
}

/** Whether nobody listens at an address. */
export async function isRefused(address: string): Promise<boolean> {
  try {
    (await Client.to(address)).close();
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return true;
    // It closes at this moment.
    if (error instanceof Deno.errors.ConnectionReset) return false;
    throw error;
  }
}

/** What has not come about by then fails its test. */
const PATIENCE_MS = 20_000;

const POLL_MS = 2;

/** Waits for a condition, and fails when that takes too long. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!await holds()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** How long a count must stand still, in milliseconds, until it is thought not to grow any more. */
const STILL_MS = 200;

/** Waits until a count has stopped growing. */
export async function untilStill(count: () => number): Promise<void> {
  let before = -1;
  await until("nothing moves any more", async () => {
    if (count() === before) return true;
    before = count();
    await new Promise((resolve) => setTimeout(resolve, STILL_MS));
    return false;
  });
}
