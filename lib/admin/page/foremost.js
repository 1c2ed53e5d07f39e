// @ts-check
/// <reference lib="dom" />
/**
 * What matters most beside the gauges, and stands as large: who was turned away, the longest wait,
 * and how long a client waits that comes now.
 *
 * @module
 */

import { find, setText } from "./dom.js";
import { brief, count, duration } from "./format.js";

/** @import { Stats } from "./contract.d.ts" */

/** A wait that is expected to be shorter is none, in seconds. */
const NO_WAIT = 0.001;

/** @param {Stats} stats */
export function showForemost(stats) {
  showRejected(stats);
  showLongest(stats);
  show("#expected", ...expected(stats));
}

/** @param {Stats} stats */
function showRejected({ last_minute: { rejected }, totals }) {
  const reasons = Object.entries(totals.rejected_for).filter(([, times]) => times > 0)
    .map(([reason, times]) => `${reason.replaceAll("_", " ")} ${count(times)}`);
  const detail = reasons.length === 0 ? "nobody since the start" : `in all: ${reasons.join(", ")}`;
  show("#rejected", count(rejected), detail);
  find("#rejected", HTMLElement).classList.toggle("some", rejected > 0);
}

/** @param {Stats} stats */
function showLongest({ cluster, queued, oldest_wait_seconds: oldest, wait_seconds }) {
  const longest = Math.max(wait_seconds.longest ?? 0, oldest);
  const waiting = cluster?.gate.waiting ?? queued;
  const now = waiting === 0 ? "nobody waits now" : `now, the oldest waits for ${duration(oldest)}`;
  show("#longest", longest === 0 ? "none" : brief(longest), now);
}

/**
 * @param {Stats} stats
 * @returns {[value: string, detail: string]}
 */
function expected({ expected_wait_seconds: wait, state, paused, upstream_up, cluster }) {
  if (state === "draining") return ["is refused", "poolgate drains"];
  if (wait === null) {
    if (cluster?.up === false) return ["unknown", "as long as Redis is away"];
    if (paused || cluster?.gate.paused) return ["unknown", "as long as the pause lasts"];
    if (cluster !== null && cluster.held_seconds > 0) {
      return ["unknown", "as long as nobody is let in"];
    }
    if (upstream_up === false) return ["unknown", "as long as the upstream is down"];
    return ["unknown", "too few places were given back of late to tell"];
  }
  const { p10, p50, p90 } = wait;
  const full = state === "full" ? ", once the queue has room" : "";
  if (p90 < NO_WAIT) return ["is let in at once", ""];
  const value = p50 < NO_WAIT ? "hardly waits" : `waits about ${brief(p50)}`;
  return [value, `eight in ten: ${brief(p10)} to ${brief(p90)}${full}`];
}

/**
 * @param {string} selector
 * @param {string} value
 * @param {string} detail
 */
function show(selector, value, detail) {
  const box = find(selector, HTMLElement);
  setText(find(".value", HTMLElement, box), value);
  setText(find(".detail", HTMLElement, box), detail);
}
