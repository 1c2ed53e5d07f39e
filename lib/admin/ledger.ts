/**
 * The ledger: since when each client is in the pool, and in which state, and how many were turned away or gave up. It
 * is kept only where somebody wants to know, so that the pool itself needs no time.
 *
 * @module
 */

import { Backlog, type Links } from "../backlog.ts";
import { ClientTable, type Entry, hashOf } from "../client_table.ts";
import type { Clock } from "../clock.ts";
import { REASON_TEXT, type RejectReason } from "../farewell.ts";
import type { Status } from "../pool.ts";
import type { Watcher } from "../roster.ts";

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

/** One client's stay in the pool. */
export interface Stay extends Entry, Links {
  active: boolean;
  /** When it came into this state, in milliseconds of the clock. */
  since: number;
  /** How long it has waited in the queue before, in milliseconds. */
  waitedMs: number;
}

/** Who is in the pool, and since when. */
export class Ledger implements Watcher {
  #clock: Pick<Clock, "now">;
  #stopwatch: Stopwatch;
  #stays = new ClientTable<Stay>();
  #active = new Backlog<Stay>();
  #queued = new Backlog<Stay>();
  #rejected = Object.fromEntries(REJECT_REASONS.map((reason) => [reason, 0])) as Record<
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
  get rejected(): Readonly<Record<RejectReason, number>> {
    return this.#rejected;
  }

  /** How many have left the queue without a place, and were not turned away. */
  get abandoned(): number {
    return this.#abandoned;
  }

  connected(id: string, status: Status): void {
    if (status === "rejected") return this.rejectedFor("backlog_full");
    const hash = hashOf(id);
    if (this.#stays.find(id, hash) !== undefined) return;
    const active = status === "connected";
    const stay: Stay = {
      id,
      hash,
      chained: undefined,
      before: undefined,
      after: undefined,
      active,
      since: this.#clock.now(),
      waitedMs: 0,
    };
    this.#stays.add(stay);
    (active ? this.#active : this.#queued).push(stay);
  }

  rejectedFor(reason: RejectReason): void {
    this.#rejected[reason]++;
  }

  promoted(id: string): void {
    const stay = this.#find(id);
    const now = this.#clock.now();
    this.#queued.remove(stay);
    stay.waitedMs = now - stay.since;
    stay.since = now;
    stay.active = true;
    this.#active.push(stay);
    this.#stopwatch.waited("promoted", stay.waitedMs / 1000);
  }

  left(id: string, reason: RejectReason | undefined): void {
    const stay = this.#find(id);
    const seconds = (this.#clock.now() - stay.since) / 1000;
    this.#stays.remove(stay);
    (stay.active ? this.#active : this.#queued).remove(stay);
    if (reason !== undefined) this.rejectedFor(reason);
    if (stay.active) return this.#stopwatch.held(seconds);
    if (reason === "queue_timeout") this.#stopwatch.waited("timeout", seconds);
    if (reason !== undefined) return;
    this.#abandoned++;
    this.#stopwatch.waited("abandoned", seconds);
  }

  #find(id: string): Stay {
    const stay = this.#stays.find(id, hashOf(id));
    if (stay === undefined) throw new Error(`BUG: the ledger does not know "${id}"`);
    return stay;
  }
}
