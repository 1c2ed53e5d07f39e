// @ts-check
/// <reference lib="dom" />
/**
 * The title of the tab: the state, and how many are there.
 *
 * @module
 */

import { count } from "./format.js";

/** @import { Stats } from "./contract.d.ts" */

const WORDS = {
  draining: "draining ",
  cluster_down: "down ",
  upstream_down: "down ",
  paused: "paused ",
  turning_away: "turning away ",
  waiting: "",
  ready: "",
};

/** @param {Stats} stats */
export function showTitle(stats) {
  document.title = `${WORDS[stats.last_minute.state]}${counts(stats)} poolgate`;
}

/** @param {Stats} stats The last that is known. */
export function showLostTitle(stats) {
  document.title = `lost ${counts(stats)} poolgate`;
}

/** @param {Stats} stats */
function counts({ active, max_connections, queued }) {
  const unlimited = max_connections === Number.MAX_SAFE_INTEGER;
  const places = unlimited ? count(active) : `${count(active)}/${count(max_connections)}`;
  return queued === 0 ? places : `${places} +${count(queued)}`;
}
