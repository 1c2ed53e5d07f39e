/**
 * Many waits of one length: whoever began first is due first, so a queue and one timer do for all.
 *
 * @module
 */

import { LinkedList, type Links } from "./linked_list.ts";
import type { Clock } from "./clock.ts";

/** One wait. It belongs to the {@linkcode Timeouts} that made it. */
export interface Timeout<T> extends Links {
  readonly subject: T;
  running: boolean;
  due: number;
}

/** Waits that are all equally long, each with a subject. */
export class Timeouts<T> {
  #clock: Clock;
  #ms: number;
  #expired: (subject: T) => void;
  #running = new LinkedList<Timeout<T>>();
  #timing = false;

  /**
   * @param clock The time.
   * @param ms How long each wait is, in milliseconds; 0 is for ever.
   * @param expired Called with the subject when its time is up. What it throws, the clock has to
   *   deal with.
   */
  constructor(clock: Clock, ms: number, expired: (subject: T) => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#expired = expired;
  }

  /** The subject of the wait that is due next. */
  get first(): T | undefined {
    return this.#running.first?.subject;
  }

  /** Begins a wait. */
  begin(subject: T): Timeout<T> {
    const timeout = { subject, running: false, due: 0, before: undefined, after: undefined };
    this.#push(timeout);
    return timeout;
  }

  /** Begins a wait anew, unless it is over. */
  extend(timeout: Timeout<T>): void {
    if (!timeout.running) return;
    this.#running.remove(timeout);
    this.#push(timeout);
  }

  /** Ends a wait: it does not expire any more. */
  end(timeout: Timeout<T>): void {
    if (!timeout.running) return;
    timeout.running = false;
    this.#running.remove(timeout);
  }

  #push(timeout: Timeout<T>): void {
    if (this.#ms === 0) return;
    timeout.due = this.#clock.now() + this.#ms;
    timeout.running = true;
    this.#running.push(timeout);
    if (!this.#timing) this.#time(this.#ms);
  }

  #time(ms: number): void {
    this.#timing = true;
    this.#clock.after(ms, () => this.#expire());
  }

  /**
   * The timer is set for the first that there was: by now that may be gone, and the next one is due
   * later.
   */
  #expire(): void {
    const running = this.#running;
    try {
      for (let { first } = running; first !== undefined; { first } = running) {
        if (first.due > this.#clock.now()) break;
        this.end(first);
        this.#expired(first.subject);
      }
    } finally {
      // Also where one has thrown: the others are due all the same.
      this.#timing = false;
      if (running.first !== undefined) {
        this.#time(Math.max(0, running.first.due - this.#clock.now()));
      }
    }
  }
}
