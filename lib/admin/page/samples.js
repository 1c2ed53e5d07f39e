// @ts-check
/**
 * The last ten minutes, a sample a second, and what follows from the running totals in them.
 *
 * @module
 */

/** @import { Sample } from "./contract.d.ts" */

export const WINDOW_SECONDS = 600;

/**
 * The sample that begins a stream can follow the last one of the history so closely that a rate
 * means nothing.
 */
const TOO_CLOSE_SECONDS = 0.5;

/** Where the samples keep what. */
export const TIME = 0;
export const ACTIVE = 1;
export const QUEUED = 2;
export const REJECTED = 3;
export const PROMOTED = 4;

export class Samples {
  /** @type {Sample[]} */
  #list = [];

  /** Oldest first. */
  get list() {
    return this.#list;
  }

  /** @param {Sample[]} history */
  replace(history) {
    this.#list = [...history];
  }

  /** @param {Sample} sample */
  add(sample) {
    const last = this.#list.at(-1);
    if (last !== undefined && sample[TIME] - last[TIME] < TOO_CLOSE_SECONDS) this.#list.pop();
    this.#list.push(sample);
    const begin = sample[TIME] - WINDOW_SECONDS;
    while ((this.#list[0]?.[TIME] ?? begin) < begin) this.#list.shift();
  }

  /**
   * By how much a total has grown in the last seconds, and in how many exactly; `undefined` where
   * that is not known yet.
   *
   * @param {typeof REJECTED | typeof PROMOTED} total
   * @param {number} seconds
   */
  growth(total, seconds) {
    const last = this.#list.at(-1);
    if (last === undefined) return undefined;
    const begin = last[TIME] - seconds - TOO_CLOSE_SECONDS;
    const first = this.#list.find((sample) => sample[TIME] >= begin) ?? last;
    if (first === last) return undefined;
    return { by: last[total] - first[total], seconds: last[TIME] - first[TIME] };
  }

  /**
   * How fast a total grew up to a sample, a second.
   *
   * @param {typeof REJECTED | typeof PROMOTED} total
   * @param {number} index
   */
  rate(total, index) {
    const [before, sample] = [this.#list[index - 1], this.#list[index]];
    if (before === undefined || sample === undefined) return null;
    return Math.max(0, (sample[total] - before[total]) / (sample[TIME] - before[TIME]));
  }
}
