// @ts-check
/// <reference lib="dom" />
/**
 * The two bars: the places and the queue, each with its limit, and what that means for who comes
 * now.
 *
 * @module
 */

import { find, setAttribute, setText } from "./dom.js";
import { count, duration, ofLimit, things } from "./format.js";

/** @import { Stats } from "./contract.d.ts" */

/**
 * What a gauge says, and what it means: the name of a colour, or none where all is well.
 *
 * @typedef {{ text: string, means: "" | "held" | "fault" | "waiting" | "turned-away" }} Meaning
 */

/** @param {Stats} stats */
export function showGauges(stats) {
  showGauge("#active", stats.active, stats.max_connections, places(stats));
  showGauge("#queued", stats.queued, stats.backlog_size, queue(stats));
}

/**
 * @param {string} selector
 * @param {number} number
 * @param {number} limit
 * @param {Meaning} meaning
 */
function showGauge(selector, number, limit, { text, means }) {
  const gauge = find(selector, HTMLElement);
  const track = find(".track", HTMLElement, gauge);
  const mark = find(".mark", HTMLElement, gauge);
  // Where a limit was lowered below what is there, the bar is of that, and a mark shows the limit.
  const end = Math.max(number, limit, 1);
  setText(find(".count", HTMLElement, gauge), count(number));
  setText(find(".limit", HTMLElement, gauge), ofLimit(limit));
  setText(find(".meaning", HTMLElement, gauge), text);
  setAttribute(find(".meaning", HTMLElement, gauge), "data-means", means);
  find(".fill", HTMLElement, gauge).style.width = `${100 * number / end}%`;
  mark.hidden = number <= limit || limit === 0;
  mark.style.left = `${100 * limit / end}%`;
  setAttribute(track, "aria-valuemax", `${end}`);
  setAttribute(track, "aria-valuenow", `${number}`);
  setAttribute(track, "aria-valuetext", `${count(number)} ${ofLimit(limit)}: ${text}`);
}

/**
 * @param {Stats} stats
 * @returns {Meaning}
 */
function places(stats) {
  const { text, means } = placesAlone(stats);
  const { connecting } = stats;
  return { text: connecting === 0 ? text : `${text}; ${count(connecting)} being connected`, means };
}

/**
 * @param {Stats} stats
 * @returns {Meaning}
 */
function placesAlone(stats) {
  const { state, paused, active, max_connections, queued, backlog_size, upstream_up } = stats;
  const { cluster } = stats;
  const free = max_connections - active;
  if (state === "draining") {
    return {
      text: active === 0 ? "nobody is left" : "those who have one may finish",
      means: "held",
    };
  }
  if (cluster?.up === false) return { text: "Redis is away: nobody is let in", means: "fault" };
  if (paused) return { text: "paused: nobody is let in", means: "held" };
  if (cluster?.gate.paused) {
    return { text: "this gate is paused: it lets nobody in", means: "held" };
  }
  if (cluster !== null && cluster.held_seconds > 0) {
    const seconds = duration(Math.ceil(cluster.held_seconds));
    return { text: `no gate lets anybody in for ${seconds}`, means: "fault" };
  }
  if (upstream_up === false) {
    return { text: "the upstream is down: nobody is let in", means: "fault" };
  }
  if (max_connections === 0) return { text: "no places: nobody is let in", means: "waiting" };
  if (free < 0) {
    const text = `${count(-free)} over the limit: nobody is let in until there is room`;
    return { text, means: "waiting" };
  }
  if (free === 0) {
    const text = queued < backlog_size ? "full: who comes now waits" : "full";
    return { text, means: "waiting" };
  }
  if (max_connections === Number.MAX_SAFE_INTEGER) {
    return { text: "whoever comes is let in", means: "" };
  }
  return { text: `${things(free, "place")} free`, means: "" };
}

/**
 * @param {Stats} stats
 * @returns {Meaning}
 */
function queue({ state, queued, backlog_size }) {
  const room = backlog_size - queued;
  if (state === "draining") {
    const text = queued === 0 ? "nobody waits" : "keep their turn until the drain ends";
    return { text, means: "held" };
  }
  if (backlog_size === 0 && queued === 0) {
    const means = state === "full" ? "turned-away" : "";
    return { text: "no queue: who finds no place is turned away", means };
  }
  if (room < 0) {
    const text = `${count(-room)} over the limit: who comes now is turned away`;
    return { text, means: "turned-away" };
  }
  if (room === 0) return { text: "full: who comes now is turned away", means: "turned-away" };
  if (queued === 0) return { text: "nobody waits", means: "" };
  const text = backlog_size === Number.MAX_SAFE_INTEGER
    ? "whoever comes may wait"
    : `${count(room)} more may wait`;
  return { text, means: "" };
}
