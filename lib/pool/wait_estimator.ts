/**
 * Keeps how long places were held of late, and says from that how long a client that comes now is
 * to wait. Pure: whoever asks says what time it is.
 *
 * @module
 */

import type { Client, State } from "./client.ts";
import { type ExpectedWait, expectedWait } from "./expected_wait.ts";
import type { Observer, Pool } from "./pool.ts";

/** How many places that were given back are remembered, and for how long, in milliseconds. */
const MAX_KEPT = 512;
const KEPT_MS = 600_000;

/** How old an answer may be that is given again, in milliseconds: a new one may take some. */
const FRESH_MS = 200;

const NO_WAIT: ExpectedWait = { p10: 0, p50: 0, p90: 0 };

/** Observes a pool. */
export class WaitEstimator implements Observer {
  #pool: Pool;
  #random: () => number;
  /** How long each was held, and when it was given back: at its number modulo how many are kept. */
  #held = new Float64Array(MAX_KEPT);
  #ended = new Float64Array(MAX_KEPT);
  #count = 0;
  #answer: ExpectedWait | undefined;
  #answeredAt = -Infinity;

  /**
   * @param pool It is to be observed by this.
   * @param random Numbers from 0 to below 1.
   */
  constructor(pool: Pool, random: () => number) {
    this.#pool = pool;
    this.#random = random;
  }

  changed({ since }: Client, from: State, ms: number): void {
    if (from !== "connected") return;
    const at = this.#count++ % MAX_KEPT;
    this.#held[at] = ms;
    this.#ended[at] = since;
  }

  /**
   * @param now The time that the pool is told, in milliseconds.
   * @returns How long a client waits that comes now, however many may wait; `undefined` where that
   *   is not known: nobody is let in, or places are not given back as they were.
   */
  at(now: number): ExpectedWait | undefined {
    if (this.#pool.hasRoom) return NO_WAIT;
    const { active, queued, maxConnections } = this.#pool.stats();
    // There is room, and nobody is let in: until when is not for the places to tell.
    if (active < maxConnections) return undefined;
    return expectedWait({
      ahead: queued,
      places: maxConnections,
      active,
      ages: Array.from(this.#pool.clients("connected"), ({ since }) => now - since),
      held: this.#heldSince(now - KEPT_MS),
      random: this.#random,
    });
  }

  /** @returns The same, or what was the answer a moment ago: for those who ask again and again. */
  lately(now: number): ExpectedWait | undefined {
    if (now - this.#answeredAt >= FRESH_MS) {
      this.#answer = this.at(now);
      this.#answeredAt = now;
    }
    return this.#answer;
  }

  #heldSince(begin: number): Float64Array {
    const kept = this.#held.subarray(0, Math.min(this.#count, MAX_KEPT));
    return kept.filter((_, at) => this.#ended[at]! >= begin).sort();
  }
}
