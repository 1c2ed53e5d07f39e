/**
 * Notes on connections turned away: the first of many, how many it were in each minute while that
 * lasts, and in all when it is over, instead of a line each.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import { showCount, showSeconds } from "../io/figures.ts";
import type { Note } from "../io/log.ts";
import type { RejectReason } from "../pool/client.ts";
import { REASON_TEXT } from "./reason_text.ts";

/** It is over when nobody has been turned away for so long, in milliseconds. */
export const CALM_MS = 5000;

/** How often it is summed up while it lasts, in milliseconds: once a minute. */
export const SUM_MS = 60_000;

/** Counts the connections turned away. */
export class RejectionLog {
  #clock: Clock;
  #note: Note;
  /** Since it began, and since it was summed up last. */
  #all = new Counts();
  #recent = new Counts();
  #began = 0;
  #latest = 0;
  #cancelCheck: (() => void) | undefined;
  #cancelSum: (() => void) | undefined;

  /**
   * @param clock The time.
   * @param note Takes a note for the operator.
   */
  constructor(clock: Clock, note: Note) {
    this.#clock = clock;
    this.#note = note;
  }

  /** Counts one that is turned away. */
  reject(reason: RejectReason): void {
    this.#latest = this.#clock.now();
    if (this.#all.total === 0) {
      this.#began = this.#latest;
      const event = "rejections_began";
      this.#note("warn", `turning connections away: ${REASON_TEXT[reason]}`, { event, reason });
      this.#checkIn(CALM_MS);
      this.#sumLater();
    }
    this.#all.add(reason);
    this.#recent.add(reason);
  }

  /** Of those that are turned away, counts one that was answered once, and not until it went. */
  cutShort(): void {
    this.#all.cutShort++;
  }

  /** Says how many it were, if there were any. */
  end(): void {
    this.#cancelCheck?.();
    this.#cancelSum?.();
    const all = this.#all;
    if (all.total === 0) return;
    this.#all = new Counts();
    this.#recent = new Counts();
    const ms = this.#latest - this.#began;
    this.#note(
      "warn",
      `connections turned away in ${showSeconds(ms, 1)}: ${
        showCount(all.total)
      } (${all})${all.brief}`,
      { event: "rejections_ended", lasted_ms: Math.round(ms), ...all.fields },
    );
  }

  #checkIn(ms: number): void {
    this.#cancelCheck = this.#clock.after(ms, () => {
      const left = this.#latest + CALM_MS - this.#clock.now();
      if (left > 0) this.#checkIn(left);
      else this.end();
    });
  }

  #sumLater(): void {
    this.#cancelSum = this.#clock.after(SUM_MS, () => {
      this.#sumUp();
      this.#sumLater();
    });
  }

  /** Says how many it were in the last minute: some were, or it would be over. */
  #sumUp(): void {
    const recent = this.#recent;
    this.#recent = new Counts();
    this.#note("warn", `${showCount(recent.total)} turned away in the last minute: ${recent}`, {
      event: "rejections",
      ...recent.fields,
    });
  }
}

/** How many were turned away, by reason. */
class Counts {
  #byReason = new Map<RejectReason, number>();
  total = 0;
  cutShort = 0;

  add(reason: RejectReason): void {
    this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + 1);
    this.total++;
  }

  get fields() {
    const cutShort = this.cutShort === 0 ? {} : { cut_short: this.cutShort };
    return { rejected: this.total, reasons: Object.fromEntries(this.#byReason), ...cutShort };
  }

  get brief(): string {
    return this.cutShort === 0 ? "" : `, ${showCount(this.cutShort)} of them in brief`;
  }

  toString(): string {
    return [...this.#byReason].map(([reason, count]) => `${reason} ${showCount(count)}`).join(", ");
  }
}
