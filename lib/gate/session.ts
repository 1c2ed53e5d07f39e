/**
 * What is spoken on a connection, as the one who tells its life needs it.
 *
 * @module
 */

import type { CloseReason, Ending } from "./ending.ts";
import type { Goodbye } from "./goodbyes.ts";

/** What is spoken on one connection. */
export interface Session {
  /** Whether it may have an upstream that is to end before its place is another's. */
  readonly leavesLater: boolean;

  /** Whether it is joined to its upstream; left out where there is none. */
  readonly joined?: boolean;

  /** How it was ended by its sides, once one has; left out, it was the client that closed it. */
  readonly closing?: CloseReason | undefined;

  /** Called once for a connection that has to wait: from now on its hang-up is seen. */
  hold(): void;

  /**
   * Called when more is kept of what a connection has sent that is not read yet.
   *
   * @param waiting Whether it waits for a place.
   */
  kept?(waiting: boolean): void;

  /**
   * Called when a connection that waits has sent as much as is kept: its hang-up is not seen any
   * more.
   */
  heldFull(): void;

  /** Called when it is known that the connection waits in the backlog. */
  queued(): void;

  /**
   * Serves a connection that has a place, until it is over.
   *
   * @returns How it ended, where it was not {@linkcode interrupt} that ended it.
   */
  serve(): Promise<Ending>;

  /** Ends {@linkcode serve}, whatever goes on there. */
  interrupt(ending: Ending): void;

  /** Closes the upstream, where there is one, whatever goes on there. */
  closeUpstream(): void;

  /** Ends the upstream, where there is one, and resolves when that has ended. */
  endUpstream(): Promise<void> | void;

  /**
   * Says the last word to a connection that is in the pool no more, and resolves when the client
   * has ended too. It is closed afterwards, and at the latest when its time is up.
   *
   * @param goodbye The client's time: told when it is listened to, has been told, and still says
   *   something. Where it is to be listened to, that is said before this returns.
   */
  sayGoodbye(ending: Ending, goodbye: Goodbye): Promise<void>;

  /**
   * Called when that has been said: does what is still to do for the client, in a time of its own
   * that is bounded.
   */
  finish?(): Promise<void>;
}
