/**
 * What the gate has to know of a protocol that clients speak. Bytes in, bytes out: no socket.
 *
 * @module
 */

import type { RejectReason } from "../../pool/client.ts";

/** What is said to one client that is rejected. */
export interface Rejection {
  /** Said at once; empty where the client listens only once it has spoken. */
  readonly opening: Uint8Array;
  /**
   * Answers what the client says, where there is anything to answer.
   *
   * @param bytes What has come from the client, from its first byte on, cut anywhere.
   * @returns What to say, and whether that was the last word.
   */
  answer?(bytes: Uint8Array): { bytes: Uint8Array; done: boolean };
}

/** What a check may need to know. */
export interface CheckOptions {
  /** The host that is asked, as a client of HTTP names it. */
  host: string;
  /** What is asked for over HTTP, from its `/` on. */
  path: string;
  /** The status that is expected over HTTP; `undefined` for any below 500. */
  status: number | undefined;
}

/** A conversation that asks a server for its health. */
export interface Check {
  /** Said at once; empty where the server speaks first. */
  readonly opening: Uint8Array;
  /**
   * Answers what the server says.
   *
   * @param bytes What has come since, cut anywhere.
   * @returns What to say, whether that was the last word, and, with it, why the server is of no use
   *   to clients, where it is not.
   */
  answer(bytes: Uint8Array): { bytes: Uint8Array; done: boolean; problem?: string };
}

/** How long clients wait for a server that is silent. */
export interface Patience {
  /** The client that waits for the shortest time, by default, of those that are much used. */
  client: string;
  /** For how long, in milliseconds. */
  ms: number;
}

/** A protocol. */
export interface Service {
  /**
   * @param reason Why a client is rejected.
   * @param waitMs How long one would have to wait that comes now, in milliseconds, as far as that
   *   is known.
   */
  reject(reason: RejectReason, waitMs?: number): Rejection;
  /** Left out where none of the much-used clients gives up by default. */
  readonly patience?: Patience;
  /**
   * Looks for what may go to the upstream at once although its client has no place: what ends work
   * there, and so must not wait for it.
   *
   * @param bytes What has come from a client without a place, from its first byte on.
   * @returns The bytes that go there, and no others; `"unknown"` while that takes more bytes to
   *   tell; `undefined` where nothing does.
   */
  passes?(bytes: Uint8Array): Uint8Array | "unknown" | undefined;
  /** Begins a check. */
  check?(options: CheckOptions): Check;
  /**
   * Whether it is the client that ends a connection: where the server speaks last and ends it,
   * something is wrong there, with this client or with all.
   */
  readonly clientEnds?: boolean;
}
