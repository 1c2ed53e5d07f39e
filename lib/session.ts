/**
 * What the gate needs of a way to serve connections: one session each.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import type { RejectReason } from "./farewell.ts";
import type { Counts } from "./pool.ts";

/** The service of one connection. */
export interface Session {
  /** Called for a connection that has to wait: the session tells it when the client hangs up. */
  hold(): void;

  /**
   * Serves a connection that has a place, until it is over.
   *
   * @param promoted The counts when it was let in, where it has waited.
   * @returns Why it is turned away, where it is.
   */
  serve(promoted: Counts | undefined): Promise<RejectReason | undefined>;

  /** Called when somebody else has taken the connection out of the pool: {@linkcode serve} is to end. */
  dismiss(): void;

  /**
   * Says the last word to a connection that is in the pool no more, and waits until the client has ended too. It is
   * closed afterwards, and at the latest when its time is up.
   *
   * @param reason Why it is turned away, where it is.
   */
  part(reason: RejectReason | undefined): Promise<void>;
}

/** Makes a session for a connection. */
export type OpenSession = (connection: Connection) => Session;
