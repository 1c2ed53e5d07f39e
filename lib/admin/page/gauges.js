// @ts-check
/// <reference lib="dom" />
/**
 * The two bars: the places and the queue, each with its limit, and what that means for who comes
 * now.
 *
 * @module
 */

import { find, setAttribute, setText } from "./dom.js";
import { count, ofLimit, things } from "./format.js";

/** @import { Stats } from "./contract.d.ts" */

/** @typedef {"calm" | "attention" | "alarm"} Level */

/** @param {Stats} stats */
export function showGauges(stats) {
  const [active, queued] = [stats.active, stats.queued];
  showGauge("#active", active, stats.max_connections, places(stats), levelOfPlaces(stats));
  showGauge("#queued", queued, stats.backlog_size, queue(stats), levelOfQueue(stats));
}

/**
 * @param {string} selector
 * @param {number} number
 * @param {number} limit
 * @param {string} meaning
 * @param {Level} level
 */
function showGauge(selector, number, limit, meaning, level) {
  const gauge = find(selector, HTMLElement);
  const track = find(".track", HTMLElement, gauge);
  const mark = find(".mark", HTMLElement, gauge);
  // Where a limit was lowered below what is there, the bar is of that, and a mark shows the limit.
  const end = Math.max(number, limit, 1);
  setAttribute(gauge, "data-level", level);
  setText(find(".count", HTMLElement, gauge), count(number));
  setText(find(".limit", HTMLElement, gauge), ofLimit(limit));
  setText(find(".meaning", HTMLElement, gauge), meaning);
  find(".fill", HTMLElement, gauge).style.width = `${100 * number / end}%`;
  mark.hidden = number <= limit || limit === 0;
  mark.style.left = `${100 * limit / end}%`;
  setAttribute(track, "aria-valuemax", `${end}`);
  setAttribute(track, "aria-valuenow", `${number}`);
  setAttribute(track, "aria-valuetext", `${count(number)} ${ofLimit(limit)}: ${meaning}`);
}

/** @param {Stats} stats */
function places(stats) {
  const { state, paused, active, max_connections, queued, backlog_size, upstream_up } = stats;
  const { cluster } = stats;
  const free = max_connections - active;
  if (state === "draining") return active === 0 ? "nobody is left" : "may finish";
  if (cluster?.up === false) return "Redis is away: nobody is let in";
  if (paused) return "paused: nobody is let in";
  if (cluster?.gate.paused) return "this gate is paused: it lets nobody in";
  if (max_connections === 0) return "no places: nobody is let in";
  if (free < 0) return `${count(-free)} over the limit: nobody is let in until there is room`;
  if (free === 0) return queued < backlog_size ? "full: who comes now waits" : "full";
  if (upstream_up === false) return "the upstream is down: nobody is let in";
  if (max_connections === Number.MAX_SAFE_INTEGER) return "whoever comes is let in";
  return `${things(free, "place")} free`;
}

/** @param {Stats} stats */
function queue({ state, queued, backlog_size }) {
  const room = backlog_size - queued;
  if (state === "draining") {
    return queued === 0 ? "nobody waits" : "keep their turn until the drain ends";
  }
  if (backlog_size === 0 && queued === 0) return "no queue: who finds no place is turned away";
  if (room < 0) return `${count(-room)} over the limit: who comes now is turned away`;
  if (room === 0) return "full: who comes now is turned away";
  if (queued === 0) return "nobody waits";
  if (backlog_size === Number.MAX_SAFE_INTEGER) return "whoever comes may wait";
  return `${count(room)} more may wait`;
}

/**
 * @param {Stats} stats
 * @returns {Level}
 */
function levelOfPlaces({ paused, active, max_connections, upstream_up, cluster }) {
  const stopped = paused || cluster?.gate.paused || cluster?.up === false || upstream_up === false;
  return stopped || active >= max_connections ? "attention" : "calm";
}

/**
 * @param {Stats} stats
 * @returns {Level}
 */
function levelOfQueue({ state, queued, backlog_size }) {
  if (state === "draining") return "calm";
  return state === "full" || queued > backlog_size ? "alarm" : "calm";
}
