/**
 * One moment at which something is to be done. A timer may fire a little early: then the moment is
 * waited for again, since whoever is called compares times and would find nothing to do.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";

/** Calls back at a moment, never before it. */
export class Alarm {
  #clock: Clock;
  #action: () => void;
  #due: number | undefined;
  /** When the timer fires: not after the moment, and before it where that was put off. */
  #fires: number | undefined;
  #cancel = () => {};

  /** @param action Called once for each moment that is set and comes. */
  constructor(clock: Clock, action: () => void) {
    this.#clock = clock;
    this.#action = action;
  }

  /** Sets the moment, in milliseconds of the clock, in place of the one there was. */
  set(due: number): void {
    this.#due = due;
    // To put it off costs no timer: the one there is looks again.
    if (this.#fires === undefined || due < this.#fires) this.#wait(due);
  }

  /** Sets the moment, unless an earlier one is set. */
  setBy(due: number): void {
    if (this.#due === undefined || due < this.#due) this.set(due);
  }

  /** Takes it back. */
  clear(): void {
    this.#cancel();
    this.#cancel = () => {};
    this.#fires = undefined;
    this.#due = undefined;
  }

  #wait(due: number): void {
    this.#cancel();
    this.#fires = due;
    // Timers know whole milliseconds only.
    const ms = Math.max(0, Math.ceil(due - this.#clock.now()));
    this.#cancel = this.#clock.after(ms, () => this.#fire());
  }

  #fire(): void {
    const due = this.#due;
    this.#fires = undefined;
    if (due === undefined) return;
    if (this.#clock.now() < due) return this.#wait(due);
    this.clear();
    this.#action();
  }
}
