/**
 * How long this gate may act on what the server has given it. The server counts the lease from when
 * it hears of a renewal; the gate, from when it has sent it, and only part of it, so that it ends
 * here before it ends there.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import { Alarm } from "./alarm.ts";

/** The part of the lease that the gate itself counts on: its clock may go wrong by the rest. */
export const OWN_PART = 0.9;

/** The lease of a gate. */
export class Lease {
  #clock: Clock;
  #ownMs: number;
  /** Until when it is valid; `undefined` where there is none, or the end of it has been told. */
  #until: number | undefined;
  #end: Alarm;

  /**
   * @param leaseMs How long the server counts it, in milliseconds.
   * @param over Called once when one that was valid is over.
   */
  constructor(clock: Clock, leaseMs: number, over: () => void) {
    this.#clock = clock;
    this.#ownMs = OWN_PART * leaseMs;
    this.#end = new Alarm(clock, () => {
      this.#until = undefined;
      over();
    });
  }

  /** Whether the gate may act on it at this moment, whatever has been told. */
  get valid(): boolean {
    return this.#until !== undefined && this.#clock.now() < this.#until;
  }

  /**
   * A renewal has succeeded.
   *
   * @param sentAt When it was sent, in milliseconds of the clock.
   * @returns Whether the lease is valid by it.
   */
  renewed(sentAt: number): boolean {
    const until = sentAt + this.#ownMs;
    // An answer that comes as late as this proves nothing, and the end is still to be told.
    if (until <= this.#clock.now()) return false;
    this.#until = until;
    this.#end.set(until);
    return true;
  }

  /** Gives it up without telling. */
  drop(): void {
    this.#until = undefined;
    this.#end.clear();
  }
}
