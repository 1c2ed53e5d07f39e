/**
 * Which of its promotions a gate has heard of. The server numbers them; pushes and answers each
 * bring some, in any order, and a push may be lost or come twice.
 *
 * @module
 */

/** Some of the promotions, those with the numbers above `after`, up to `last`. */
interface Span {
  after: number;
  last: number;
}

/** Keeps account of the promotions of one gate. */
export class ToldPromotions {
  /** All up to this one have been heard of. */
  #complete = 0;
  /** What has been heard of beyond that; no two of them touch. */
  #beyond: Span[] = [];

  /** The highest number that has been heard of. */
  get highest(): number {
    return this.#beyond.reduce((highest, { last }) => Math.max(highest, last), this.#complete);
  }

  /** Whether one up to `told` has not been heard of. */
  lacks(told: number): boolean {
    return this.#complete < told;
  }

  /** Begins again where all up to `told` are known. */
  reset(told: number): void {
    this.#complete = told;
    this.#beyond = [];
  }

  /**
   * Some have been heard of.
   *
   * @param told The number of the last one.
   * @param count How many.
   */
  hear(told: number, count: number): void {
    if (count === 0) return;
    let span = { after: told - count, last: told };
    const apart = ({ after, last }: Span) => last < span.after || after > span.last;
    const touching = this.#beyond.filter((other) => !apart(other));
    this.#beyond = this.#beyond.filter(apart);
    span = touching.reduce(({ after, last }, other) => ({
      after: Math.min(after, other.after),
      last: Math.max(last, other.last),
    }), span);
    if (span.after > this.#complete) this.#beyond.push(span);
    else this.#complete = Math.max(this.#complete, span.last);
  }
}
