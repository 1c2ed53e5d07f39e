/**
 * What changed for all clients, and when: the limits, a pause, the Redis of a shared pool, the
 * upstream, the end of poolgate.
 * Pure: whoever says how things are says when. What changes and changes back between two times is
 * not seen.
 *
 * @module
 */

import { type Limits, limitsChange } from "../pool/limits.ts";

/** How many marks are kept, and for how long, in seconds. */
export const MAX_MARKS = 200;
const KEPT_SECONDS = 86_400;

export type MarkKind =
  | "limits_changed"
  | "paused"
  | "resumed"
  | "cluster_down"
  | "cluster_up"
  | "upstream_down"
  | "upstream_up"
  | "draining";

/** Something that changed. */
export interface Mark {
  /** When that was seen, in seconds since 1970. */
  time: number;
  kind: MarkKind;
  /** What there is to say of it beside that. */
  text: string;
}

/** How things are for all clients. */
export interface Situation {
  limits: Limits;
  paused: boolean;
  draining: boolean;
  /** Why the Redis of a shared pool is away; `undefined` where it is not, or there is none. */
  clusterDown: string | undefined;
  /** Why the upstream takes no connections; `undefined` where it does, or there is none. */
  upstreamDown: string | undefined;
}

/** The changes of a day. */
export class Marks {
  #marks: Mark[] = [];
  #last: Situation | undefined;

  /** All of them, the oldest first. */
  get all(): readonly Mark[] {
    return this.#marks;
  }

  /** @returns Those from some time on, in seconds since 1970. */
  since(time: number): Mark[] {
    return this.#marks.filter((mark) => mark.time >= time);
  }

  /** Compares how things are with how they were. */
  look(time: number, now: Situation): void {
    const before = this.#last;
    this.#last = { ...now, limits: { ...now.limits } };
    if (before === undefined) return;
    for (const [kind, text] of changes(before, now)) this.#marks.push({ time, kind, text });
    const begin = time - KEPT_SECONDS;
    this.#marks = this.#marks.filter((mark) => mark.time >= begin).slice(-MAX_MARKS);
  }
}

function changes(before: Situation, now: Situation): [MarkKind, string][] {
  const found: [MarkKind, string][] = [];
  const limits = limitsChange(before.limits, now.limits);
  if (limits !== undefined) found.push(["limits_changed", limits]);
  if (now.paused !== before.paused) found.push([now.paused ? "paused" : "resumed", ""]);
  found.push(...outage("cluster_down", "cluster_up", before.clusterDown, now.clusterDown));
  found.push(...outage("upstream_down", "upstream_up", before.upstreamDown, now.upstreamDown));
  if (now.draining && !before.draining) found.push(["draining", ""]);
  return found;
}

/** @returns The mark of what went or came: why it is away says whether it is. */
function outage(
  went: MarkKind,
  came: MarkKind,
  before: string | undefined,
  now: string | undefined,
): [MarkKind, string][] {
  if ((before === undefined) === (now === undefined)) return [];
  return [now === undefined ? [came, ""] : [went, now]];
}
