/**
 * Notes on accepting that fails: one when it begins to, and one when it works again, instead of one
 * each time. A program that is out of file descriptors accepts one whenever one is given back, and
 * fails at the next.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import type { Note } from "./log.ts";

/** Accepting works again when it has done so for so long without a failure, in milliseconds. */
export const CALM_MS = 1000;

/** Tells of failures to accept. */
export class AcceptLog {
  #clock: Clock;
  #note: Note;
  #doing: string;
  #failing = false;
  /**
   * Takes back the end of the failure, which is near: nothing has failed since the last success.
   */
  #cancelEnd: (() => void) | undefined;

  /**
   * @param clock The time.
   * @param note Takes a note for the operator.
   * @param doing What fails and works again, as the notes name it.
   */
  constructor(clock: Clock, note: Note, doing: string) {
    this.#clock = clock;
    this.#note = note;
    this.#doing = doing;
  }

  /** A connection could not be accepted. */
  failed(error: unknown): void {
    this.end();
    if (this.#failing) return;
    this.#failing = true;
    const { message: reason } = error as Error;
    this.#note("error", `${this.#doing} fails: ${reason}`, { event: "accept_failing", reason });
  }

  /** A connection was accepted. */
  accepted(): void {
    if (!this.#failing || this.#cancelEnd !== undefined) return;
    this.#cancelEnd = this.#clock.after(CALM_MS, () => {
      this.#failing = false;
      this.#cancelEnd = undefined;
      this.#note("info", `${this.#doing} again`, { event: "accept_working" });
    });
  }

  /** Says nothing more by itself. */
  end(): void {
    this.#cancelEnd?.();
    this.#cancelEnd = undefined;
  }
}
