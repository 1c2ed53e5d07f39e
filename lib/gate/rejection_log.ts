/**
 * Notes on connections turned away: the first of a storm, and a count when it is over, instead of a
 * line each.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import type { RejectReason } from "../pool/client.ts";
import { REASON_TEXT } from "./reason_text.ts";

/** A storm is over when nobody has been turned away for so long, in milliseconds. */
export const CALM_MS = 5000;

/** Counts the connections turned away. */
export class RejectionLog {
  #clock: Clock;
  #note: (text: string) => void;
  #counts = new Map<RejectReason, number>();
  #began = 0;
  #latest = 0;
  #cancelCheck: (() => void) | undefined;

  /**
   * @param clock The time.
   * @param note Takes a note for the operator.
   */
  constructor(clock: Clock, note: (text: string) => void) {
    this.#clock = clock;
    this.#note = note;
  }

  /** Counts one that is turned away. */
  reject(reason: RejectReason): void {
    this.#latest = this.#clock.now();
    if (this.#counts.size === 0) {
      this.#began = this.#latest;
      this.#note(`turning connections away: ${REASON_TEXT[reason]}`);
      this.#checkIn(CALM_MS);
    }
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
  }

  /** Ends a storm, if there is one. */
  end(): void {
    this.#cancelCheck?.();
    if (this.#counts.size === 0) return;
    const counts = [...this.#counts];
    const total = counts.reduce((sum, [, count]) => sum + count, 0);
    const reasons = counts.map(([reason, count]) => `${reason} ${count}`).join(", ");
    const seconds = ((this.#latest - this.#began) / 1000).toFixed(1);
    this.#counts.clear();
    this.#note(`connections turned away in ${seconds} s: ${total} (${reasons})`);
  }

  #checkIn(ms: number): void {
    this.#cancelCheck = this.#clock.after(ms, () => {
      const left = this.#latest + CALM_MS - this.#clock.now();
      if (left > 0) this.#checkIn(left);
      else this.end();
    });
  }
}
