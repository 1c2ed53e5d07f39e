/**
 * What the pool itself does not count: clients by the reason for which they were rejected, or
 * evicted for a limit of time, those that gave up, and how long things took.
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
}

/** Watches the clients of a pool. */
export class PoolObserver implements Observer {
  #stopwatch: Stopwatch;
  #rejections = zeroes(REJECT_REASONS);
  #evictions = zeroes(EVICT_REASONS);
  #abandoned = 0;
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

  changed({ state, reason, holder }: Client, from: State, ms: number): void {
    const seconds = ms / 1000;
    if (reason !== undefined) this.#count(reason, holder?.source);
    if (from === "connected") this.#stopwatch.held(seconds);
    if (from !== "queued") return;
    if (state === "connected") this.#stopwatch.waited("promoted", seconds);
    else if (isTimeout(reason)) this.#stopwatch.waited("timeout", seconds);
    else if (reason === undefined || reason === "evicted") this.#abandon(seconds);
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

  #abandon(seconds: number): void {
    this.#abandoned++;
    this.#stopwatch.waited("abandoned", seconds);
  }
}

function zeroes<T extends string>(names: readonly T[]): Record<T, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<T, number>;
}

/** Whether the time of one that waited was up; a pause tells why nobody was let in by then. */
function isTimeout(reason: Client["reason"]): boolean {
  return reason === "queue_timeout" || PAUSE_REASONS.some((pause) => pause === reason);
}

function isEviction(reason: RejectReason | EvictReason): reason is EvictReason {
  return EVICT_REASONS.some((evict) => evict === reason);
}
