// @ts-check
/// <reference lib="dom" />
/**
 * The header and the title of the tab: which state poolgate is in, where it listens, and whether
 * the page hears it.
 *
 * @module
 */

import { find, setText } from "./dom.js";
import { count, duration, timeOfDay } from "./format.js";

/** @import { Now, Stats } from "./contract.d.ts" */

const header = find("#header", HTMLElement);
const state = find("#state", HTMLElement);
const connection = find("#connection", HTMLElement);
/**
 * Read out when it changes, as the state cannot be: that counts seconds while the connection is
 * lost.
 */
const announcement = find("#announcement", HTMLElement);

/** @type {Now | undefined} */
let last;

/** @param {Now} now */
export function showHeader(now) {
  const { stats } = now;
  last = now;
  document.body.classList.remove("lost");
  header.className = mood(stats);
  setText(state, stateOf(stats));
  setText(announcement, stateOf(stats));
  setText(connection, "live");
  connection.className = "live";
  setText(find("#listen", HTMLElement), stats.listen ?? "stdin only");
  setText(find("#upstream", HTMLElement), upstreamOf(stats));
  setText(find("#uptime", HTMLElement), duration(stats.uptime_seconds));
  setText(find("#version", HTMLElement), stats.version);
  document.title = title(stats);
}

/** @param {number} seconds Since something was heard. */
export function showLost(seconds) {
  const { stats, sample } = last ?? {};
  connection.className = "";
  const ago = `${Math.floor(seconds)} s ago`;
  setText(connection, stats === undefined ? "no connection" : `lost ${ago}`);
  if (stats === undefined || sample === undefined) {
    setText(state, "No connection to poolgate yet, trying again");
    return;
  }
  document.body.classList.add("lost");
  header.className = "";
  setText(state, `Connection lost ${ago}, trying again`);
  setText(connection, `the figures are from ${timeOfDay(sample[0])}`);
  setText(announcement, "Connection lost, trying again.");
  document.title = `lost ${counts(stats)} poolgate`;
}

/** @param {Stats} stats */
function mood({ state, paused, upstream_up, cluster }) {
  if (state === "draining") return "ending";
  if (state === "full" || upstream_up === false || cluster?.up === false) return "alarm";
  return paused || cluster?.gate.paused ? "paused" : "ready";
}

/** @param {Stats} stats */
function stateOf({ state, paused, drain_seconds_left, upstream_up, max_connections, cluster }) {
  if (state === "draining") {
    const limit = drain_seconds_left === null ? "" : `, ${drain_seconds_left} s left`;
    return `Draining: new clients are refused${limit}`;
  }
  const full = state === "full";
  const fate = full ? "new clients are turned away" : "new clients wait";
  const queue = full ? ", queue full" : "";
  const down = upstream_up === false;
  if (cluster?.up === false) return `Redis is away${queue}: ${fate}`;
  if (cluster?.gate.paused && !paused) return `This gate is paused${queue}: ${fate}`;
  if (paused) return `Paused${down ? ", upstream down" : ""}${queue}: ${fate}`;
  if (down) return `Upstream down${queue}: ${fate}`;
  if (full) return `Full: ${fate}`;
  return max_connections === 0 ? `No places: ${fate}` : "Ready";
}

/** @param {Stats} stats */
function upstreamOf({ upstream, upstream_up, upstream_down, upstreams }) {
  if (upstream === null) return "no service: a connection is a place";
  // Of several, each says for itself below.
  if (upstreams.length > 1) return upstream;
  return upstream_up === false ? `${upstream}, which is down: ${upstream_down}` : upstream;
}

/** @param {Stats} stats */
function title(stats) {
  const words = { ready: "", full: "full ", draining: "draining " }[stats.state];
  const paused = stats.paused ? "paused " : "";
  const down = stats.upstream_up === false || stats.cluster?.up === false ? "down " : "";
  return `${paused}${down}${words}${counts(stats)} poolgate`;
}

/** @param {Stats} stats */
function counts({ active, max_connections, queued }) {
  const unlimited = max_connections === Number.MAX_SAFE_INTEGER;
  const places = unlimited ? count(active) : `${count(active)}/${count(max_connections)}`;
  return queued === 0 ? places : `${places} +${count(queued)}`;
}
