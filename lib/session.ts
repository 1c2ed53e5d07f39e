/**
 * What the gate needs of a way to serve connections: one session each.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import type { RejectReason } from "./farewell.ts";
import type { Connected, Counts } from "./pool.ts";

/** The service of one connection. */
export interface Session {
  /**
   * Serves a connection that is in the pool, until it is over.
   *
   * @param standing Where it stands: connected or queued. How a wait ends is the connection's verdict.
   * @returns Why it is turned away, where it is.
   */
  attend(standing: Connected): Promise<RejectReason | undefined>;

  /** Called when somebody else has taken the connection out of the pool: {@linkcode attend} is to end. */
  dismiss(): void;

  /**
   * Says the last word to a connection that is in the pool no more, and waits until the client has ended too. It is
   * closed afterwards, and at the latest when its time is up.
   *
   * @param reason Why it is turned away, where it is.
   * @param counts The counts when it arrived.
   */
  part(reason: RejectReason | undefined, counts: Counts): Promise<void>;
}

/** Makes a session for a connection. */
export type OpenSession = (connection: Connection) => Session;
