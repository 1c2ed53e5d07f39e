/**
 * A clock that goes only when it is told to.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { Clock } from "../../lib/io/clock.ts";

/** Calls back in order of time, while {@linkcode advance} runs. */
export class FakeClock implements Clock {
  #now: number;
  #timers: { due: number; action: () => void }[] = [];

  /** @param now What it says to begin with: no clock but this one says 0 when a program starts. */
  constructor(now = 0) {
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
    const timer = { due: this.#now + ms, action };
    this.#timers.push(timer);
    return () => this.#timers = this.#timers.filter((other) => other !== timer);
  }

  /** Lets `ms` milliseconds pass, and whatever waits for promises go on after each call. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.due <= end);
      const next = due.sort((a, b) => a.due - b.due)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.due);
      next.action();
      await settled();
    }
    this.#now = end;
  }
}

/** Whatever could go on without time or streams has gone on when a macrotask has passed. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
