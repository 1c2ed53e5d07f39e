// @ts-check
/**
 * Samples of the last minutes, hours or day, and what follows from the running totals in them.
 *
 * @module
 */

/** @import { Sample } from "./contract.d.ts" */

/** What is kept of the stream: ten minutes by the second. */
export const TEN_MINUTES = { seconds: 600, every: 1 };

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
export const MAX_CONNECTIONS = 5;
export const BACKLOG_SIZE = 6;

export class Samples {
  /** @type {Sample[]} */
  #list = [];

  /**
   * @param {{ seconds: number, every: number }} span How far back, and how many seconds a sample
   *   stands for.
   */
  constructor({ seconds, every }) {
    this.seconds = seconds;
    this.every = every;
  }

  /** Oldest first. */
  get list() {
    return this.#list;
  }

  /** @param {Sample[]} history */
  replace(history) {
    this.#list = [...history];
  }

  /** @param {Sample} sample One of a second. */
  add(sample) {
    this.#list.push(this.every > 1 ? this.#merged(sample) : this.#spaced(sample));
    const begin = sample[TIME] - this.seconds;
    while ((this.#list[0]?.[TIME] ?? begin) < begin) this.#list.shift();
  }

  /**
   * As the server has it: a sample of several seconds has the most clients of them.
   *
   * @param {Sample} sample
   * @returns {Sample}
   */
  #merged(sample) {
    const last = this.#list.at(-1);
    /** @param {Sample} of */
    const numberOf = (of) => Math.floor(of[TIME] / this.every);
    if (last === undefined || numberOf(last) !== numberOf(sample)) return sample;
    this.#list.pop();
    const [time, active, queued, ...rest] = sample;
    return [time, Math.max(active, last[ACTIVE]), Math.max(queued, last[QUEUED]), ...rest];
  }

  /** @param {Sample} sample */
  #spaced(sample) {
    const last = this.#list.at(-1);
    if (last !== undefined && sample[TIME] - last[TIME] < TOO_CLOSE_SECONDS) this.#list.pop();
    return sample;
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
