/**
 * The last ten minutes, a sample a second. Pure: whoever adds a sample knows its time.
 *
 * @module
 */

/** How many samples are kept. */
export const MAX_SAMPLES = 600;

/** What was known at one moment. */
export interface Sample {
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
}
