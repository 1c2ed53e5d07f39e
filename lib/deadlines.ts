/**
 * Many waits of one length: whoever began first is due first, so a queue and one timer do for all.
 *
 * @module
 */

import { Backlog, type Links } from "./backlog.ts";
import type { Clock } from "./clock.ts";

/** One wait. It belongs to the {@linkcode Deadlines} that made it. */
export interface Deadline<T> extends Links {
  readonly subject: T;
  running: boolean;
  due: number;
}

/** Waits that are all equally long, each with a subject. */
export class Deadlines<T> {
  #clock: Clock;
  #ms: number;
  #expired: (subject: T) => void;
  #running = new Backlog<Deadline<T>>();
  #timing = false;

  /**
   * @param clock The time.
   * @param ms How long each wait is, in milliseconds; 0 is for ever.
   * @param expired Called with the subject when its time is up.
   */
  constructor(clock: Clock, ms: number, expired: (subject: T) => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#expired = expired;
  }

  /** Begins a wait. */
  begin(subject: T): Deadline<T> {
    const deadline = { subject, running: false, due: 0, before: undefined, after: undefined };
    this.#push(deadline);
    return deadline;
  }

  /** Begins a wait anew, unless it is over. */
  extend(deadline: Deadline<T>): void {
    if (!deadline.running) return;
    this.#running.remove(deadline);
    this.#push(deadline);
  }

  /** Ends a wait: it does not expire any more. */
  end(deadline: Deadline<T>): void {
    if (!deadline.running) return;
    deadline.running = false;
    this.#running.remove(deadline);
  }

  #push(deadline: Deadline<T>): void {
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
      this.#expired(first.subject);
    }
  }
}
