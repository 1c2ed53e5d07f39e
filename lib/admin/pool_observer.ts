/**
 * What is counted of the clients of this process, whoever it shares its pool with: what they met
 * when they came, why they were rejected or evicted, who gave up, and how long things took.
 *
 * @module
 */

import {
  type Client,
  EVICT_REASONS,
  type EvictReason,
  PAUSE_REASONS,
  REJECT_REASONS,
  type RejectReason,
  type State,
} from "../pool/client.ts";
import type { Observer } from "../pool/pool.ts";
import { RejectedSources } from "./rejected_sources.ts";

/**
 * How a wait in the backlog came to its end. One that ends because poolgate does is not measured.
 */
export type WaitOutcome = "promoted" | "timeout" | "abandoned";

/** Whoever measures how long things took, in seconds. */
export interface Stopwatch {
  /** A client has waited for so long. */
  waited(outcome: WaitOutcome, seconds: number): void;
  /** A client has had its place for so long. */
  held(seconds: number): void;
  /** Whoever keeps the pool has answered after so long. */
  answered(seconds: number): void;
}

/** How many clients came, by what they met. */
export interface Arrivals {
  /** They were let in without waiting. */
  connected: number;
  queued: number;
  /** They were turned away at once. */
  rejected: number;
}

/** Watches the clients of a pool that are this process's own. */
export class PoolObserver implements Observer {
  #stopwatch: Stopwatch;
  #rejections = zeroes(REJECT_REASONS);
  #evictions = zeroes(EVICT_REASONS);
  #abandoned = 0;
  #arrivals: Arrivals = { connected: 0, queued: 0, rejected: 0 };
  #promoted = 0;
  #left = 0;
  /** How many were rejected, by the address that they came from. */
  readonly rejectedSources = new RejectedSources();

  constructor(stopwatch: Stopwatch) {
    this.#stopwatch = stopwatch;
  }

  /** How many were rejected, for each reason, also after a wait. */
  get rejections(): Readonly<Record<RejectReason, number>> {
    return this.#rejections;
  }

  /** How many were evicted for a limit of time, for each one. */
  get evictions(): Readonly<Record<EvictReason, number>> {
    return this.#evictions;
  }

  /** How many have left the backlog without a place, and were not rejected. */
  get abandoned(): number {
    return this.#abandoned;
  }

  get arrivals(): Readonly<Arrivals> {
    return this.#arrivals;
  }

  /** How many were let in from the backlog. */
  get promoted(): number {
    return this.#promoted;
  }

  /** How many have left, connected or waiting. */
  get left(): number {
    return this.#left;
  }

  changed({ state, reason, holder }: Client, from: State, ms: number): void {
    const seconds = ms / 1000;
    if (state === "left") this.#left++;
    else if (from === "asking") this.#arrive(state);
    if (reason !== undefined) this.#count(reason, holder?.source);
    if (from === "connected") this.#stopwatch.held(seconds);
    if (from !== "queued") return;
    if (state === "connected") this.#promote(seconds);
    else if (TIMEOUTS.includes(reason)) this.#stopwatch.waited("timeout", seconds);
    else if (reason === undefined || reason === "evicted") this.#abandon(seconds);
  }

  answered(ms: number): void {
    this.#stopwatch.answered(ms / 1000);
  }

  #count(reason: RejectReason | EvictReason | "evicted", source: string | undefined): void {
    if (reason === "evicted") return;
    if (isEviction(reason)) {
      this.#evictions[reason]++;
      return;
    }
    this.#rejections[reason]++;
    if (source !== undefined) this.rejectedSources.add(source);
  }

  #arrive(state: State): void {
    if (state === "connected" || state === "queued" || state === "rejected") {
      this.#arrivals[state]++;
    }
  }

  #promote(seconds: number): void {
    this.#promoted++;
    this.#stopwatch.waited("promoted", seconds);
  }

  #abandon(seconds: number): void {
    this.#abandoned++;
    this.#stopwatch.waited("abandoned", seconds);
  }
}

function zeroes<T extends string>(names: readonly T[]): Record<T, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<T, number>;
}

/** What one is told that has waited for too long: also why nobody was let in by then. */
const TIMEOUTS: readonly Client["reason"][] = ["queue_timeout", "cluster_down", ...PAUSE_REASONS];

function isEviction(reason: RejectReason | EvictReason): reason is EvictReason {
  return EVICT_REASONS.some((evict) => evict === reason);
}
