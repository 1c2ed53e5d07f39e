/**
 * The ledger: since when each client is in the pool, and in which state, and how many were turned away or gave up. It
 * is kept only where somebody wants to know, so that the pool itself needs no time.
 *
 * @module
 */

import { Backlog } from "../backlog.ts";
import type { Clock } from "../clock.ts";
import { REASON_TEXT, type RejectReason } from "../farewell.ts";
import type { Stay, Watcher } from "../roster.ts";

/** How a wait in the queue came to its end. One that ends because poolgate does is not measured. */
export type WaitOutcome = "promoted" | "timeout" | "abandoned";

/** Why a client may be turned away. */
export const REJECT_REASONS = Object.keys(REASON_TEXT) as readonly RejectReason[];

/** Whoever measures how long things took, in seconds. */
export interface Stopwatch {
  /** A client has waited for so long. */
  waited(outcome: WaitOutcome, seconds: number): void;
  /** A client has had its place for so long. */
  held(seconds: number): void;
}

/** Who is in the pool, and since when. */
export class Ledger implements Watcher {
  #clock: Pick<Clock, "now">;
  #stopwatch: Stopwatch;
  #active = new Backlog<Stay>();
  #queued = new Backlog<Stay>();
  #rejections = Object.fromEntries(REJECT_REASONS.map((reason) => [reason, 0])) as Record<
    RejectReason,
    number
  >;
  #abandoned = 0;

  constructor(clock: Pick<Clock, "now">, stopwatch: Stopwatch) {
    this.#clock = clock;
    this.#stopwatch = stopwatch;
  }

  /** Those that have a place, in the order in which they got it. */
  get active(): Iterable<Stay> {
    return this.#active;
  }

  /** Those that wait, the next one first. */
  get queued(): Iterable<Stay> {
    return this.#queued;
  }

  /** Who has waited longest; `undefined` where nobody waits. */
  get next(): Stay | undefined {
    return this.#queued.first;
  }

  /** How many were turned away, for each reason, also after a wait. */
  get rejections(): Readonly<Record<RejectReason, number>> {
    return this.#rejections;
  }

  /** How many have left the queue without a place, and were not turned away. */
  get abandoned(): number {
    return this.#abandoned;
  }

  entered(id: string, status: "connected" | "queued"): Stay {
    const active = status === "connected";
    const since = this.#clock.now();
    const stay: Stay = { id, active, since, waitedMs: 0, before: undefined, after: undefined };
    (active ? this.#active : this.#queued).push(stay);
    return stay;
  }

  rejected(reason: RejectReason): void {
    this.#rejections[reason]++;
  }

  promoted(stay: Stay): void {
    this.#letIn(stay, this.#clock.now());
  }

  left(stay: Stay, reason: RejectReason | undefined, next: Stay | undefined): void {
    // One reading of the clock for both, which is a good part of what all this takes.
    const now = this.#clock.now();
    const seconds = (now - stay.since) / 1000;
    (stay.active ? this.#active : this.#queued).remove(stay);
    if (reason !== undefined) this.rejected(reason);
    if (stay.active) this.#stopwatch.held(seconds);
    else this.#waitedInVain(seconds, reason);
    if (next !== undefined) this.#letIn(next, now);
  }

  #waitedInVain(seconds: number, reason: RejectReason | undefined): void {
    if (reason === "queue_timeout") this.#stopwatch.waited("timeout", seconds);
    if (reason !== undefined) return;
    this.#abandoned++;
    this.#stopwatch.waited("abandoned", seconds);
  }

  #letIn(stay: Stay, now: number): void {
    this.#queued.remove(stay);
    stay.waitedMs = now - stay.since;
    stay.since = now;
    stay.active = true;
    this.#active.push(stay);
    this.#stopwatch.waited("promoted", stay.waitedMs / 1000);
  }
}
