/**
 * Whether an upstream is of use, by how many checks in a row have said so, or not: counted as
 * HAProxy does. Pure.
 *
 * @module
 */

/** How many checks in a row change anything, each from 1. */
export interface HealthRules {
  /** So many failures take an upstream down that was up. */
  fall: number;
  /** So many successes take it up again. */
  rise: number;
}

/** The state of one upstream. It is up at first, and one failure takes it down then. */
export class Health {
  #rules: HealthRules;
  #up = true;
  /** Failures while it is up, successes while it is down. */
  #inRow: number;

  constructor(rules: HealthRules) {
    this.#rules = rules;
    this.#inRow = rules.fall - 1;
  }

  get up(): boolean {
    return this.#up;
  }

  /** A check has succeeded. */
  succeed(): void {
    if (this.#up) this.#inRow = 0;
    else if (++this.#inRow >= this.#rules.rise) this.#turn(true);
  }

  /** A check has failed. */
  fail(): void {
    if (!this.#up) this.#inRow = 0;
    else if (++this.#inRow >= this.#rules.fall) this.drop();
  }

  /** It is known to be down, however many checks have failed. */
  drop(): void {
    this.#turn(false);
  }

  #turn(up: boolean): void {
    this.#up = up;
    this.#inRow = 0;
  }
}
