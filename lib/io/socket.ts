/**
 * The network as the edges take it, so that they can be given another: sockets, a listener, a way
 * to connect, a server of HTTP.
 *
 * @module
 */

import type { ByteReader, ByteWriter } from "./byte_stream.ts";

/** A connection, as Deno's are. */
export interface Socket extends ByteReader, ByteWriter {
  /** Sends the end of this side's bytes; the other side may go on. */
  closeWrite(): Promise<void>;
  /** Ends both sides at once; what waits to be read or written fails. Called once. */
  close(): void;
}

/** One end of a TCP connection. */
export interface Endpoint {
  /** An IPv4 or IPv6 address as text. */
  ip: string;
  port: number;
}

/** Both ends of the client's connection: its own, and the one that it reached. */
export interface Route {
  client: Endpoint;
  gate: Endpoint;
}

/** A connection that has arrived. */
export interface Arrival {
  socket: Socket;
  /** Who has come, as `HOST:PORT`, or a name of the like where the peer has none. */
  name: string;
  /** The address it comes from; `undefined` where it has none, as over a Unix socket. */
  source: string | undefined;
  /** Both ends of it; `undefined` where they have no addresses. */
  readonly route: Route | undefined;
}

/**
 * Waits for the next connection. Rejects when one cannot be accepted, and when its listener was
 * closed.
 */
export type Accept = () => Promise<Arrival>;

/** Where connections arrive. */
export interface Listener {
  /** Where that is, as text. */
  readonly address: string;
  /** One for each socket that it listens at. */
  readonly accepts: readonly Accept[];
  /** Refuses all further connections, a moment later: those that have come are accepted first. */
  close(): void;
}

/** A server of HTTP. */
export interface HttpServer {
  /** Where it listens, as text. */
  readonly address: string;
  /** Takes no more requests, and waits until those under way are answered. */
  close(): Promise<void>;
}

/**
 * Starts a server of HTTP.
 *
 * @param answer Answers a request; where it rejects, the answer is a 500, and `failed` is told.
 */
export type ServeHttp = (
  answer: (request: Request) => Promise<Response>,
  failed: (error: unknown) => void,
) => HttpServer;

/** What a look fails with that had no answer in its time. */
export class NoAnswer extends Error {}

/**
 * A connection cannot be made for want of something of our own, or for the moment: of the other
 * side it says nothing.
 */
export class LocalShortage extends Error {
  /** Whether it is file descriptors that are lacking. */
  readonly ofDescriptors: boolean;

  constructor(message: string, ofDescriptors: boolean) {
    super(message);
    this.ofDescriptors = ofDescriptors;
  }
}

/** A short conversation with whoever listens. */
export interface Talk {
  /** Said at once; empty where the other side speaks first. */
  readonly opening: Uint8Array;
  /**
   * Answers what the other side says.
   *
   * @param bytes What has come since, cut anywhere.
   * @returns What to say, and whether that was the last word.
   */
  answer(bytes: Uint8Array): { bytes: Uint8Array; done: boolean };
}

/**
 * Holds a conversation with the upstream on a connection of its own. Resolves when both sides have
 * ended that after the last word. Rejects as a {@linkcode Dial} does, and when there is no last
 * word, or not in time.
 *
 * @param timeoutMs How long that may take, in milliseconds.
 */
export type Ask = (talk: Talk, timeoutMs: number) => Promise<void>;

/**
 * Opens a connection to the upstream. Rejects with a {@linkcode LocalShortage} where that is the
 * reason, with another error when the upstream refuses, or cannot be reached.
 *
 * @param timeoutMs Given where the upstream was down, and it is to be seen whether it is back: how
 *   long that may take, in milliseconds, 0 for any time.
 */
export type Dial = (timeoutMs?: number) => Promise<Socket>;

/**
 * Sees whether the upstream is there, and leaves no connection behind. Rejects as {@linkcode Dial}
 * does.
 *
 * @param timeoutMs How long that may take, in milliseconds, from 1.
 */
export type Probe = (timeoutMs: number) => Promise<void>;
