/**
 * Chance that can be repeated: the same seed gives the same numbers. A test that uses it has the
 * seed in its name; POOLGATE_TEST_SEED repeats a run. Imports nothing from lib/.
 *
 * @module
 */

/** The seed of this run, an integer from 0 to 2 ** 32 - 1. */
export const SEED = Number(
  Deno.env.get("POOLGATE_TEST_SEED") ?? Math.floor(Math.random() * 2 ** 32),
);

/** The seed as it stands in the name of a test. */
export const SEEDED = `POOLGATE_TEST_SEED=${SEED}`;

/** Numbers that a seed decides: Mulberry32. */
export class Random {
  #state: number;

  /**
   * @param seed An integer.
   * @param number Which of the many generators of that seed: each has numbers of its own.
   */
  constructor(seed: number, number = 0) {
    this.#state = Math.imul(seed ^ number, 0x9e3779b1) ^ Math.imul(number, 0x85ebca6b);
  }

  /** A number from 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** One of several things. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}
