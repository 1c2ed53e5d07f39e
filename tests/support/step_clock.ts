/**
 * A clock that goes only when it is told to, all at once: for what needs no promises. Its timers may
 * fire too early, as those of a system do now and then.
 *
 * @module
 */

import type { Clock } from "../../lib/io/clock.ts";

interface Timer {
  due: number;
  action: () => void;
}

/** Calls back in order of time, while {@linkcode advance} runs. */
export class StepClock implements Clock {
  #now: number;
  #timers: Timer[] = [];
  /** By how many milliseconds timers fire too early. */
  earlyMs = 0;

  /** @param now What it says to begin with, in milliseconds. */
  constructor(now = 1_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.length;
  }

  after(ms: number, action: () => void): () => void {
    const early = ms > this.earlyMs ? this.earlyMs : 0;
    const timer = { due: this.#now + Math.max(0, ms - early), action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets `ms` milliseconds pass. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.due <= end);
      const [next] = due.sort((a, b) => a.due - b.due);
      if (next === undefined) break;
      this.#fire(next);
    }
    this.#now = end;
  }

  #fire(timer: Timer): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
    this.#now = Math.max(this.#now, timer.due);
    timer.action();
  }
}

/** The same time for one process that can be stopped: what is due meanwhile comes when it goes on. */
export class StoppableClock implements Clock {
  #clock: Clock;
  #due: (() => void)[] | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  after(ms: number, action: () => void): () => void {
    let cancelled = false;
    const act = () => {
      if (!cancelled) action();
    };
    const cancel = this.#clock.after(ms, () => {
      if (this.#due === undefined) act();
      else this.#due.push(act);
    });
    return () => {
      cancelled = true;
      cancel();
    };
  }

  stop(): void {
    this.#due ??= [];
  }

  goOn(): void {
    const due = this.#due ?? [];
    this.#due = undefined;
    for (const act of due) act();
  }
}
