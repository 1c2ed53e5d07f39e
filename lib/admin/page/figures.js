// @ts-check
/// <reference lib="dom" />
/**
 * The row of figures under the bars.
 *
 * @module
 */

import { find, setText } from "./dom.js";
import { brief, bytes, count, duration, name, rate, UNKNOWN } from "./format.js";
import { PROMOTED, REJECTED } from "./samples.js";

/**
 * @import { Now, Percentiles, Stats } from "./contract.d.ts"
 * @import { Samples } from "./samples.js"
 */

const MINUTE = 60;

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
 * @param {Samples} samples
 */
export function showFigures({ sample, stats, queued }, samples) {
  showOldest(stats, queued[0]?.id);
  showRejected(stats, samples);
  showPromoted(stats, samples);
  showBytes(sample[0], stats.totals);
  showPercentiles("#wait", stats.wait_seconds);
  showPercentiles("#duration", stats.duration_seconds);
}

/**
 * @param {Stats} stats
 * @param {string | undefined} id
 */
function showOldest(stats, id) {
  const { cluster, queued, oldest_wait_seconds } = stats;
  const waiting = cluster?.gate.waiting ?? queued;
  show("#oldest", waiting === 0 ? "nobody" : duration(oldest_wait_seconds), name(id ?? " "));
}

/**
 * @param {Stats} stats
 * @param {Samples} samples
 */
function showRejected({ uptime_seconds, totals }, samples) {
  const sinceStart = uptime_seconds < MINUTE;
  const number = sinceStart ? totals.rejected : samples.growth(REJECTED, MINUTE)?.by;
  const reasons = Object.entries(totals.rejected_for).filter(([, times]) => times > 0)
    .map(([reason, times]) => `${reason.replaceAll("_", " ")} ${count(times)}`);
  const detail = `in all: ${reasons.length === 0 ? "nobody" : reasons.join(", ")}`;
  show("#rejected", number === undefined ? UNKNOWN : count(number), detail);
  find("#rejected", HTMLElement).classList.toggle("alarm", (number ?? 0) > 0);
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
function showPercentiles(selector, { count: number, p50, p90, p99 }) {
  const box = find(selector, HTMLElement);
  setText(find(".p50", HTMLElement, box), brief(p50));
  setText(find(".p90", HTMLElement, box), brief(p90));
  setText(find(".p99", HTMLElement, box), brief(p99));
  setText(find(".detail", HTMLElement, box), `of ${count(number)} in ten minutes`);
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
