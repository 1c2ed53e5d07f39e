/**
 * The note that the limits have changed.
 *
 * @module
 */

import type { Note } from "./log.ts";
import type { Roster } from "./roster.ts";

/** Has each change of the limits noted from now on, once however often this is called. */
export function noteLimits(roster: Roster, note: Note): void {
  roster.onConfigure = (before, after) => {
    const changes = [
      change("max_connections", before.maxConnections, after.maxConnections),
      change("backlog_size", before.backlogSize, after.backlogSize),
    ].filter((text) => text !== "");
    if (changes.length > 0) note("info", `limits changed: ${changes.join(", ")}`);
  };
}

function change(name: string, before: number, after: number): string {
  return before === after ? "" : `${name} ${before} -> ${after}`;
}
