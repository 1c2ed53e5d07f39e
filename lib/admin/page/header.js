// @ts-check
/// <reference lib="dom" />
/**
 * The header: the headline, what there is to say of it, where poolgate listens, and whether the
 * page hears it. The headline is of the last minute, so that it does not flicker.
 *
 * @module
 */

import { find, setText } from "./dom.js";
import { count, duration, timeOfDay } from "./format.js";
import { showLostTitle, showTitle } from "./title.js";

/** @import { Now, Stats } from "./contract.d.ts" */

const header = find("#header", HTMLElement);
const state = find("#state", HTMLElement);
const detail = find("#state-detail", HTMLElement);
const connection = find("#connection", HTMLElement);
/**
 * Read out when it changes, as the state cannot be: that counts seconds while the connection is
 * lost.
 */
const announcement = find("#announcement", HTMLElement);

/** The headline for each state, and what its colour means; none where all is well. */
const HEADLINES = {
  draining: { text: "Draining: new clients are refused", means: "held" },
  cluster_down: { text: "Redis is away: nobody is let in", means: "fault" },
  upstream_down: { text: "Upstream down: nobody is let in", means: "fault" },
  paused: { text: "Paused: nobody is let in", means: "held" },
  turning_away: { text: "Clients are turned away", means: "turned-away" },
  waiting: { text: "Clients have to wait", means: "waiting" },
  ready: { text: "Ready", means: "" },
};

const GATE_PAUSED = { text: "This gate is paused: it lets nobody in", means: "held" };

/** @type {Now | undefined} */
let last;

/** @param {Now} now */
export function showHeader(now) {
  const { stats } = now;
  const { text, means } = headline(stats);
  last = now;
  document.body.classList.remove("lost");
  header.className = means;
  setText(state, text);
  setText(announcement, text);
  setText(detail, detailOf(stats));
  setText(connection, "live");
  connection.className = "live";
  setText(find("#listen", HTMLElement), stats.listen ?? "stdin only");
  setText(find("#upstream", HTMLElement), stats.upstream ?? "no service: a connection is a place");
  setText(find("#uptime", HTMLElement), duration(stats.uptime_seconds));
  setText(find("#version", HTMLElement), stats.version);
  showTitle(stats);
}

/** @param {number} seconds Since something was heard. */
export function showLost(seconds) {
  const { stats, sample } = last ?? {};
  connection.className = "";
  const ago = `${Math.floor(seconds)} s ago`;
  if (stats === undefined || sample === undefined) {
    setText(connection, "no connection");
    setText(state, "No connection to poolgate yet, trying again");
    return;
  }
  document.body.classList.add("lost");
  header.className = "";
  setText(state, `Connection lost ${ago}, trying again`);
  setText(detail, `All below is as it was at ${timeOfDay(sample[0])}.`);
  setText(connection, "lost");
  setText(announcement, "Connection lost, trying again.");
  showLostTitle(stats);
}

/** @param {Stats} stats */
function headline({ last_minute: { state }, cluster }) {
  const { text, means } = HEADLINES[state];
  return cluster?.gate.paused && means !== "held" && means !== "fault"
    ? GATE_PAUSED
    : { text, means };
}

/** @param {Stats} stats */
function detailOf(stats) {
  const { last_minute, paused, max_connections, upstream_down } = stats;
  const { state, rejected, queued } = last_minute;
  const minute = `In the last minute: ${count(rejected)} turned away, ${count(queued)} had to wait`;
  const causes = [
    ...(state === "draining" ? [endOfDrain(stats)] : []),
    ...(upstream_down === null ? [] : [`why it is down: ${upstream_down}`]),
    ...(paused && state !== "paused" ? ["paused, too"] : []),
    ...(max_connections === 0 ? ["there are no places: nobody is let in"] : []),
    ...someDown(stats),
  ];
  return `${[minute, ...causes].join("; ")}.`;
}

/** @param {Stats} stats */
function endOfDrain({ drain_seconds_left: left }) {
  return left === null ? "it ends with the last client" : `it ends in ${left} s at most`;
}

/**
 * Of several upstreams, where not all are down.
 *
 * @param {Stats} stats
 */
function someDown({ upstreams, upstream_up }) {
  const down = upstreams.filter(({ up }) => !up).length;
  if (upstream_up === false || down === 0) return [];
  return [`of ${upstreams.length} upstreams, ${down} ${down === 1 ? "is" : "are"} down`];
}
