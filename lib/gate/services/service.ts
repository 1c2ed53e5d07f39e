/**
 * What the gate has to know of a protocol that clients speak. Bytes in, bytes out: no socket.
 *
 * @module
 */

import type { RejectReason } from "../../pool/client.ts";

/** Why a client is rejected. */
export interface Refusal {
  readonly reason: RejectReason;
  /** The reason as a sentence, in printable ASCII without quotes, 100 characters at most. */
  readonly words: string;
  /** How long one would have to wait that comes now, in milliseconds, as far as that is known. */
  readonly waitMs?: number | undefined;
}

/**
 * What comes of a client's bytes.
 *
 * - `"more"`: it takes more of them to tell.
 * - `"close"`: nothing that could be said would be understood, or it must not be said.
 * - An answer: what is said, to how many of the bytes, and whether that was the last word. The
 *   bytes behind are heard next, together with what comes.
 */
export type Heard = "more" | "close" | Answer;
export interface Answer {
  readonly say: Uint8Array;
  readonly taken: number;
  readonly done: boolean;
}

/** What is said to one client that is rejected. */
export interface Rejection {
  /** Said at once; left out where the client listens only once it has spoken. */
  readonly opening?: Uint8Array;
  /**
   * Hears the client, where what it is told hangs on that; left out where the opening is all.
   *
   * @param bytes What has come from the client and is not answered yet, at least one byte.
   */
  hear?(bytes: Uint8Array): Heard;
  /**
   * Said to a client that was not answered, when its time is over or there is none for it; left out
   * where that would not be understood.
   */
  readonly blind?: Uint8Array;
  /** Whether the client is answered until it goes: it takes an end for something else. */
  readonly untilItGoes?: boolean;
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

/**
 * How little a server says as long as it has done nothing for its client, so that what the client
 * has sent can be sent to it anew, in bytes.
 */
export interface Beginning {
  /** So much at most it answers before the client asks for its session. */
  answerBytes: number;
  /** So much at most asks for a session: more may be TLS, whose words may be as long as these. */
  requestBytes: number;
  /**
   * What it says then, in one word: at least, and at most, to a client that it refuses; less where
   * it asks for a password, more once it serves.
   */
  refusalBytes: { least: number; most: number };
  /** How long the requests are that want no word, but an end: those are not to come twice. */
  silentBytes: readonly number[];
}

/** A protocol. */
export interface Service {
  /** Begins to tell a client that it is rejected. */
  reject(refusal: Refusal): Rejection;
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
  /** How a session begins, where that tells what has been done for it. */
  readonly beginning?: Beginning;
}
