/**
 * How a fault of poolgate itself is noted that a connection has met.
 *
 * @module
 */

import type { Note } from "../io/log.ts";

/** Notes a fault. Never throws: where the note is what fails, nobody is left to hear of it. */
export function noteFault(note: Note, error: unknown): void {
  try {
    note("error", `a connection met a fault of poolgate: ${error}`);
  } catch {
    // The connection ends all the same, and no other one does.
  }
}
