// @ts-check
/// <reference lib="dom" />
/**
 * The row of figures below the charts.
 *
 * @module
 */

import { find, setText } from "./dom.js";
import { brief, bytes, count, rate, UNKNOWN } from "./format.js";
import { PROMOTED } from "./samples.js";

/**
 * @import { Now, Percentiles, Stats } from "./contract.d.ts"
 * @import { Samples } from "./samples.js"
 */

/** Rates are told over so many seconds: over one, they would only flicker. */
const RATE_SECONDS = 10;

/** Time, bytes received, bytes sent: the samples of the history have no bytes. */
/** @type {[number, number, number][]} */
let transfers = [];

/** A new stream may be of a new poolgate, whose totals begin at 0 again. */
export function forgetTransfers() {
  transfers = [];
}

/**
 * @param {Now} now
 * @param {Samples} samples By the second.
 */
export function showFigures({ sample, stats }, samples) {
  showPromoted(stats, samples);
  showBytes(sample[0], stats.totals);
  showPercentiles("#wait", stats.wait_seconds);
  showPercentiles("#duration", stats.duration_seconds);
}

/**
 * @param {Stats} stats
 * @param {Samples} samples
 */
function showPromoted({ totals }, samples) {
  const growth = samples.growth(PROMOTED, RATE_SECONDS);
  const box = find("#promoted", HTMLElement);
  const text = growth === undefined ? UNKNOWN : rate(growth.by / growth.seconds);
  setText(find(".rate", HTMLElement, box), text);
  setText(find(".detail", HTMLElement, box), `in all ${count(totals.promoted)}`);
}

/**
 * @param {number} time
 * @param {Stats["totals"]} totals
 */
function showBytes(time, { received_bytes, sent_bytes }) {
  transfers = transfers.filter(([then]) => time - then <= RATE_SECONDS + 0.5);
  const [then, received, sent] = transfers[0] ?? [time, 0, 0];
  transfers.push([time, received_bytes, sent_bytes]);
  const box = find("#bytes", HTMLElement);
  const seconds = time - then;
  /** @param {number} by */
  const rateOf = (by) => seconds > 0 ? bytes(by / seconds) : UNKNOWN;
  setText(find(".received", HTMLElement, box), rateOf(received_bytes - received));
  setText(find(".sent", HTMLElement, box), rateOf(sent_bytes - sent));
  const detail = `in all ${bytes(received_bytes)} and ${bytes(sent_bytes)}`;
  setText(find(".detail", HTMLElement, box), detail);
}

/**
 * @param {string} selector
 * @param {Percentiles} percentiles
 */
function showPercentiles(selector, { count: number, ...percentiles }) {
  const box = find(selector, HTMLElement);
  for (const [name, seconds] of Object.entries(percentiles)) {
    setText(find(`.${name}`, HTMLElement, box), brief(seconds));
  }
  setText(find(".detail", HTMLElement, box), `of ${count(number)} in ten minutes`);
}
