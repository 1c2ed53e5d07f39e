/**
 * The figures of a shared pool as this gate has heard them last: limits, counts, totals, whether an
 * operator has paused it, and the gates that share it. Knows no client.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import type { Counts } from "../pool/client.ts";
import type { Limits } from "../pool/limits.ts";
import type { GateShare, Stats } from "../pool/pool.ts";
import type { GateEntry, News, Told, Totals } from "./link.ts";

const NO_TOTALS: Totals = {
  connectedTotal: 0,
  queuedTotal: 0,
  promotedTotal: 0,
  rejectedTotal: 0,
  disconnectedTotal: 0,
};

/** Who is told of what operators set. */
export interface FiguresEvents {
  configured(before: Limits, after: Limits): void;
  paused(paused: boolean): void;
}

/** What is known of the pool. */
export class Figures {
  #clock: Clock;
  #events: FiguresEvents;
  #limits: Limits;
  #counts: Counts = { active: 0, queued: 0 };
  #totals = NO_TOTALS;
  #paused = false;
  #heldUntil: number;
  #gates: readonly GateEntry[] = [];
  #gatesAt = 0;

  /** @param limits What they are taken for until they are heard. */
  constructor(clock: Clock, limits: Limits, events: FiguresEvents) {
    this.#clock = clock;
    this.#events = events;
    this.#limits = limits;
    this.#heldUntil = clock.now();
  }

  get limits(): Limits {
    return this.#limits;
  }

  get counts(): Counts {
    return this.#counts;
  }

  /** Whether an operator has paused the pool. */
  get paused(): boolean {
    return this.#paused;
  }

  get stats(): Stats {
    return { ...this.#limits, ...this.#counts, ...this.#totals };
  }

  /** For how long nobody is let in by any gate, in milliseconds. */
  get heldMs(): number {
    return Math.max(0, this.#heldUntil - this.#clock.now());
  }

  /** How many places are free. */
  get free(): number {
    return Math.max(0, this.#limits.maxConnections - this.#counts.active);
  }

  /**
   * @param own The number of this gate.
   * @returns The gates that share the pool.
   */
  gates(own: number | undefined): GateShare[] {
    const since = this.#clock.now() - this.#gatesAt;
    return this.#gates.map(({ gate, name, active, queued, paused, leaseAgeMs }) => (
      { name, own: gate === own, active, queued, paused, leaseAgeMs: leaseAgeMs + since }
    ));
  }

  hearGates(gates: readonly GateEntry[]): void {
    this.#gates = gates;
    this.#gatesAt = this.#clock.now();
  }

  /**
   * @param sure Whether it is no older than what has been heard before: what operators set is told
   *   of, and is not to seem to change back.
   * @returns Whether nothing of it is in doubt.
   */
  hear(news: News | Told, sure: boolean): boolean {
    const { active, queued, limits: { maxConnections, backlogSize }, paused } = news;
    const before = this.#limits;
    this.#counts = { active, queued };
    if ("heldMs" in news) this.#hearTotals(news);
    const limited = before.maxConnections !== maxConnections || before.backlogSize !== backlogSize;
    const changed = limited || this.#paused !== paused;
    if (changed && sure) this.#set({ maxConnections, backlogSize }, paused, limited);
    return sure || !changed;
  }

  #hearTotals(told: Told): void {
    const { connectedTotal, queuedTotal, promotedTotal, rejectedTotal, disconnectedTotal } = told;
    this.#totals = {
      ...{ connectedTotal, queuedTotal, promotedTotal, rejectedTotal, disconnectedTotal },
    };
    this.#heldUntil = this.#clock.now() + told.heldMs;
  }

  /** An operator has set something, here or at another gate. */
  #set(limits: Limits, paused: boolean, limited: boolean): void {
    const { paused: wasPaused, limits: before } = this;
    this.#limits = limits;
    this.#paused = paused;
    if (limited) this.#events.configured(before, limits);
    if (wasPaused !== paused) this.#events.paused(paused);
  }
}
