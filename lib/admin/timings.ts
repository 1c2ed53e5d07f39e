/**
 * How long clients waited and had their places, as histograms. Prometheus reads them as they are,
 * the page and the statistics by way of {@linkcode Timings.read}.
 *
 * @module
 */

import { Histogram } from "prom-client";
import type { Distributions } from "./history.ts";
import type { Stopwatch, WaitOutcome } from "./pool_observer.ts";

/** The upper bounds of the buckets, in seconds; one more holds all that took longer. */
export const WAIT_BOUNDS = [
  ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
  ...[1, 2.5, 5, 10, 30, 60, 120, 300, 600],
];
export const DURATION_BOUNDS = [
  ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  ...[60, 300, 900, 3600, 14_400, 86_400],
];

/** How many times are gathered at most before they are counted. */
const MAX_GATHERED = 4096;

const OUTCOMES: readonly WaitOutcome[] = ["promoted", "timeout", "abandoned"];

/**
 * Takes times. They are gathered, and counted together: counted one by one, amidst the work for a
 * connection, each costs some microseconds instead of a fraction of one.
 */
export class Timings implements Stopwatch {
  #waited: Record<WaitOutcome, number[]> = { promoted: [], timeout: [], abandoned: [] };
  #held: number[] = [];
  readonly waits = new Histogram({
    name: "poolgate_queue_wait_seconds",
    help:
      "How long clients waited in the queue, by how that ended. Rising times with the outcome " +
      "promoted mean that places become free more slowly than clients come; any timeout or " +
      "abandoned is a client that waited for nothing.",
    labelNames: ["outcome"],
    buckets: WAIT_BOUNDS,
    registers: [],
    collect: () => this.#count(),
  });
  readonly durations = new Histogram({
    name: "poolgate_connection_duration_seconds",
    help:
      "How long clients had their place. Rising means that the upstream takes longer, or that " +
      "clients hold on to places: both shorten what the same limit serves.",
    buckets: DURATION_BOUNDS,
    registers: [],
    collect: () => this.#count(),
  });

  constructor() {
    for (const outcome of OUTCOMES) this.waits.zero({ outcome });
  }

  waited(outcome: WaitOutcome, seconds: number): void {
    const gathered = this.#waited[outcome];
    if (gathered.push(seconds) === MAX_GATHERED) this.#count();
  }

  held(seconds: number): void {
    if (this.#held.push(seconds) === MAX_GATHERED) this.#count();
  }

  /** @returns What has been measured so far. */
  async read(): Promise<Distributions> {
    const waits = (await this.waits.get()).values;
    const admitted = waits.filter(({ labels }) => labels.outcome === "promoted");
    const durations = (await this.durations.get()).values;
    return {
      waits: countsOf(waits, WAIT_BOUNDS),
      admitted: countsOf(admitted, WAIT_BOUNDS),
      durations: countsOf(durations, DURATION_BOUNDS),
    };
  }

  #count(): void {
    for (const outcome of OUTCOMES) {
      const gathered = this.#waited[outcome];
      for (const seconds of gathered) this.waits.observe({ outcome }, seconds);
      gathered.length = 0;
    }
    for (const seconds of this.#held) this.durations.observe(seconds);
    this.#held.length = 0;
  }
}

interface Value {
  value: number;
  /** With `le`, the upper bound of a bucket; the sum and the count have none. */
  labels: Partial<Record<string, string | number>>;
}

/**
 * The buckets as the library has them, cumulative and by label, as counts for each bucket alone.
 */
function countsOf(values: readonly Value[], bounds: readonly number[]): number[] {
  const upTo = new Map([...bounds, "+Inf"].map((bound): [unknown, number] => [bound, 0]));
  for (const { value, labels: { le } } of values) {
    if (le !== undefined) upTo.set(le, (upTo.get(le) ?? 0) + value);
  }
  let below = 0;
  return [...upTo.values()].map((count) => {
    const here = count - below;
    below = count;
    return here;
  });
}
