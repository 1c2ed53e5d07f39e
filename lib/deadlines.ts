/**
 * Many waits of one length: whoever began first is due first, so a queue and one timer do for all.
 *
 * @module
 */

import { Backlog } from "./backlog.ts";
import type { Clock } from "./clock.ts";

/** One wait. It belongs to the {@linkcode Deadlines} that made it. */
export class Deadline {
  before: Deadline | undefined;
  after: Deadline | undefined;
  running = false;
  due = 0;
  /** Called when the time is up. */
  readonly expired: () => void;

  constructor(expired: () => void) {
    this.expired = expired;
  }
}

/** Waits that are all equally long. */
export class Deadlines {
  #clock: Clock;
  #ms: number;
  #running = new Backlog<Deadline>();
  #timing = false;

  /**
   * @param clock The time.
   * @param ms How long each wait is, in milliseconds; 0 is for ever.
   */
  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  /** Begins a wait. */
  begin(expired: () => void): Deadline {
    const deadline = new Deadline(expired);
    this.#push(deadline);
    return deadline;
  }

  /** Begins a wait anew, unless it is over. */
  extend(deadline: Deadline): void {
    if (!deadline.running) return;
    this.#running.remove(deadline);
    this.#push(deadline);
  }

  /** Ends a wait: it does not expire any more. */
  end(deadline: Deadline): void {
    if (!deadline.running) return;
    deadline.running = false;
    this.#running.remove(deadline);
  }

  #push(deadline: Deadline): void {
    if (this.#ms === 0) return;
    deadline.due = this.#clock.now() + this.#ms;
    deadline.running = true;
    this.#running.push(deadline);
    if (!this.#timing) this.#time(this.#ms);
  }

  #time(ms: number): void {
    this.#timing = true;
    this.#clock.after(ms, () => this.#expire());
  }

  /** The timer is set for the first that there was: by now that may be gone, and the next one is due later. */
  #expire(): void {
    this.#timing = false;
    for (let first = this.#running.first; first !== undefined; first = this.#running.first) {
      const left = first.due - this.#clock.now();
      if (left > 0) return this.#time(left);
      this.end(first);
      first.expired();
    }
  }
}
