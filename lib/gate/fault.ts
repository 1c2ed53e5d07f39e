/**
 * How a fault of poolgate itself is noted that something in the gate has met.
 *
 * @module
 */

import type { Note } from "../io/log.ts";

/**
 * Notes a fault. Never throws: where the note is what fails, nobody is left to hear of it.
 *
 * @param who What has met it.
 */
export function noteFault(note: Note, error: unknown, who = "a connection"): void {
  try {
    note("error", `${who} met a fault of poolgate: ${error}`, { event: "fault" });
  } catch {
    // What has met it ends all the same, and nothing else does.
  }
}
