/**
 * How the last minute was: what a headline says that does not flicker. Pure: whoever adds what was
 * counted knows the time.
 *
 * @module
 */

/** How long it is, in seconds. */
const SECONDS = 60;

/** At a little more than a second, 60 samples are a minute; bounded where they come faster. */
const MAX_TOTALS = 2 * SECONDS;

/** What was counted since the start. */
export interface Totals {
  /** In seconds of a clock that never goes back. */
  time: number;
  queued: number;
  rejected: number;
  promoted: number;
  /** How many wait at the moment. */
  waiting: number;
}

/** What load there was: clients were turned away, they had to wait, or neither. */
export type Load = "turning_away" | "waiting" | "ready";

/** Tells of the minute before the latest moment. */
export class LastMinute {
  /** From a minute ago to the latest moment; nothing was counted before the first. */
  #totals: Totals[] = [{ time: -Infinity, queued: 0, rejected: 0, promoted: 0, waiting: 0 }];
  #load: Load = "ready";
  #changedAt = -Infinity;

  /** Takes what was counted, about once a second. */
  add(totals: Totals): void {
    this.#totals.push(totals);
    const begin = totals.time - SECONDS;
    // The last of those before the minute is what its beginning is known by.
    while (this.#totals.length > MAX_TOTALS || (this.#totals[1]?.time ?? Infinity) <= begin) {
      this.#totals.shift();
    }
    const load = this.#worst();
    if (load === this.#load || totals.time - this.#changedAt < SECONDS) return;
    this.#load = load;
    this.#changedAt = totals.time;
  }

  /** The worst of the minute; it changes once a minute at most. */
  get load(): Load {
    return this.#load;
  }

  /** How many clients were turned away. */
  get rejected(): number {
    return this.#growth("rejected");
  }

  /** How many clients had to wait. */
  get queued(): number {
    return this.#growth("queued");
  }

  /** How many clients were let in from the queue. */
  get promoted(): number {
    return this.#growth("promoted");
  }

  #worst(): Load {
    if (this.rejected > 0) return "turning_away";
    const waited = this.queued > 0 || this.#totals.some(({ waiting }) => waiting > 0);
    return waited ? "waiting" : "ready";
  }

  #growth(name: "queued" | "rejected" | "promoted"): number {
    const [first, last] = [this.#totals[0], this.#totals.at(-1)];
    return first === undefined || last === undefined ? 0 : last[name] - first[name];
  }
}
