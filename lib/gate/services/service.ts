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

/** A protocol. */
export interface Service {
  /** @param reason Why a client is rejected. */
  reject(reason: RejectReason): Rejection;
}
