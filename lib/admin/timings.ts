/**
 * How long clients waited and had their places: since the start as the histograms that Prometheus
 * reads, and of late for the page and the statistics.
 *
 * @module
 */

import { Histogram } from "prom-client";
import type { Stopwatch, WaitOutcome } from "./pool_observer.ts";
import { RecentTimes, type Times } from "./recent_times.ts";

/** Bounds of buckets, in seconds: each 1.3 times the one before. */
const MIN_BOUND = 0.005;
const BOUND_STEP = 1.3;

/**
 * The upper bounds of the buckets, in seconds; one more holds all that took longer. What Prometheus
 * makes of them errs by 15 % at most from 5 ms on.
 */
export const WAIT_BOUNDS = boundsUpTo(600);
export const DURATION_BOUNDS = boundsUpTo(86_400);

/** How many times are gathered at most before they are counted. */
const MAX_GATHERED = 4096;

const OUTCOMES: readonly WaitOutcome[] = ["promoted", "timeout", "abandoned"];

/** What was measured during the last ten minutes. */
export interface Recent {
  /** Waits, however they ended. */
  waits: Times;
  /** Waits that ended with a place. */
  admitted: Times;
  /** Places that were given back. */
  durations: Times;
}

/**
 * Takes times. They are gathered, and counted together: counted one by one, amidst the work for a
 * connection, each costs some microseconds instead of a fraction of one.
 */
export class Timings implements Stopwatch {
  #now: () => number;
  #waited: Record<WaitOutcome, number[]> = { promoted: [], timeout: [], abandoned: [] };
  #held: number[] = [];
  #recentAdmitted = new RecentTimes();
  #recentInVain = new RecentTimes();
  #recentDurations = new RecentTimes();
  readonly waits = new Histogram({
    name: "poolgate_queue_wait_seconds",
    help:
      "How long clients waited in the queue, by how that ended. Rising times with the outcome " +
      "promoted mean that places become free more slowly than clients come; any timeout or " +
      "abandoned is a client that waited for nothing.",
    labelNames: ["outcome"],
    buckets: WAIT_BOUNDS,
    registers: [],
    collect: () => this.count(),
  });
  readonly durations = new Histogram({
    name: "poolgate_connection_duration_seconds",
    help:
      "How long clients had their place. Rising means that the upstream takes longer, or that " +
      "clients hold on to places: both shorten what the same limit serves.",
    buckets: DURATION_BOUNDS,
    registers: [],
    collect: () => this.count(),
  });

  /** @param now The time in milliseconds; never goes back. */
  constructor(now: () => number) {
    this.#now = now;
    for (const outcome of OUTCOMES) this.waits.zero({ outcome });
  }

  waited(outcome: WaitOutcome, seconds: number): void {
    const gathered = this.#waited[outcome];
    if (gathered.push(seconds) === MAX_GATHERED) this.count();
  }

  held(seconds: number): void {
    if (this.#held.push(seconds) === MAX_GATHERED) this.count();
  }

  /** Counts what has been gathered, as of now: called every second or so. */
  count(): void {
    const now = this.#now();
    for (const outcome of OUTCOMES) {
      const gathered = this.#waited[outcome];
      const recent = outcome === "promoted" ? this.#recentAdmitted : this.#recentInVain;
      for (const seconds of gathered) {
        this.waits.observe({ outcome }, seconds);
        recent.add(seconds, now);
      }
      gathered.length = 0;
    }
    for (const seconds of this.#held) {
      this.durations.observe(seconds);
      this.#recentDurations.add(seconds, now);
    }
    this.#held.length = 0;
  }

  /** @returns What was measured during the last ten minutes. */
  recent(): Recent {
    this.count();
    const now = this.#now();
    return {
      waits: this.#recentAdmitted.at(now, this.#recentInVain),
      admitted: this.#recentAdmitted.at(now),
      durations: this.#recentDurations.at(now),
    };
  }
}

/** Bounds from the first to a last one, in even steps; to three digits, as people read them. */
function boundsUpTo(last: number): number[] {
  const steps = Math.ceil(Math.log(last / MIN_BOUND) / Math.log(BOUND_STEP));
  const step = (last / MIN_BOUND) ** (1 / steps);
  const bounds = Array.from({ length: steps }, (_, at) => MIN_BOUND * step ** at);
  return [...bounds.map((bound) => Number(bound.toPrecision(3))), last];
}
