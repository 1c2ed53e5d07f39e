/**
 * The last ten minutes, a sample a second. Pure: whoever adds a sample knows its time.
 *
 * @module
 */

/** How many samples are kept. */
export const MAX_SAMPLES = 600;

/** How many fell into each bucket since the start, the last bucket being that above all bounds. */
export interface Distributions {
  /** Waits that were measured, however they ended. */
  waits: number[];
  /** Waits that ended with a place. */
  admitted: number[];
  durations: number[];
}

/** What was known at one moment. */
export interface Sample extends Distributions {
  /** In seconds since 1970. */
  time: number;
  active: number;
  queued: number;
  /** How many have been turned away since the start. */
  rejected: number;
  /** How many have been let in from the queue since the start. */
  promoted: number;
}

/** The samples of the last ten minutes. */
export class History {
  #samples: Sample[] = [];

  /** All of them, the oldest first. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** Takes a sample, and drops the oldest one where there are too many. */
  add(sample: Sample): void {
    this.#samples.push(sample);
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }

  /**
   * @returns What has been measured since the oldest sample, or since the start where there is
   *   none.
   */
  since(now: Distributions): Distributions {
    const then = this.#samples[0];
    return {
      waits: difference(now.waits, then?.waits),
      admitted: difference(now.admitted, then?.admitted),
      durations: difference(now.durations, then?.durations),
    };
  }
}

function difference(now: readonly number[], then: readonly number[] = []): number[] {
  return now.map((count, at) => count - (then[at] ?? 0));
}
