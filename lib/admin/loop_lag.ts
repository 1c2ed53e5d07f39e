/**
 * How late timers are: what keeps the program busy for so long keeps every client waiting. Pure:
 * whoever has a timer that repeats tells when it fired.
 *
 * @module
 */

/** Of how many times the latest is told: a minute, where it fires every second. */
const KEPT = 60;

/** Measures one timer. */
export class LoopLag {
  #periodMs: number;
  #last: number | undefined;
  #late: number[] = [];

  /** @param periodMs How long the timer is set for each time, in milliseconds. */
  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  /** It has fired, and is set again. */
  tick(now: number): void {
    if (this.#last !== undefined) {
      this.#late.push(Math.max(0, now - this.#last - this.#periodMs));
      if (this.#late.length > KEPT) this.#late.shift();
    }
    this.#last = now;
  }

  /** By how much it was late at most of late, in milliseconds. */
  get mostMs(): number {
    return Math.max(0, ...this.#late);
  }
}
