// @ts-check
/// <reference lib="dom" />
/**
 * What the plot draws of the samples: a line each for who has a place and who waits, and for the
 * limits of both, bars for those turned away and steps for those let in from the queue.
 *
 * @module
 */

import { CLIENTS, PER_SECOND } from "./axes.js";
import { colour } from "./canvas.js";
import {
  ACTIVE,
  BACKLOG_SIZE,
  MAX_CONNECTIONS,
  PROMOTED,
  QUEUED,
  REJECTED,
  TIME,
} from "./samples.js";

/**
 * @import { Sample } from "./contract.d.ts"
 * @import { Samples } from "./samples.js"
 */

/** @typedef {import("uplot/dist/uPlot.d.ts").Series} Series */

const { uPlot } = /** @type {{ uPlot: typeof import("uplot/dist/uPlot.d.ts") }} */ (
  /** @type {unknown} */ (globalThis)
);

/** Between samples that are so many times further apart than usual, something is unknown. */
const GAP = 3;

/** @returns {Series[]} In the order of {@linkcode columns}. */
export function lines() {
  return [
    {},
    { ...line(CLIENTS, "--place", 2), fill: () => colour("--place-area"), fillTo: 0 },
    line(CLIENTS, "--waiting", 2),
    limit("--place"),
    limit("--waiting"),
    rejectedBars(),
    promotedSteps(),
  ];
}

/**
 * A column each for time, counts, limits and rates, with a gap where nothing was heard.
 *
 * @param {Samples} samples
 * @returns {[number[], ...(number | null)[][]]}
 */
export function columns(samples) {
  /** @type {(number | null)[][]} */
  const rows = [];
  samples.list.forEach((sample, index) => {
    const time = sample[TIME];
    const last = samples.list[index - 1]?.[TIME] ?? time;
    const gap = time - last > GAP * samples.every;
    if (gap) rows.push([(last + time) / 2, ...Array(6).fill(null)]);
    /** @param {typeof REJECTED | typeof PROMOTED} total */
    const rate = (total) => gap ? null : samples.rate(total, index);
    const limits = [drawable(sample[MAX_CONNECTIONS]), drawable(sample[BACKLOG_SIZE])];
    rows.push([time, sample[ACTIVE], sample[QUEUED], ...limits, rate(REJECTED), rate(PROMOTED)]);
  });
  const [times = [], ...others] = lines().map((_, column) =>
    rows.map((row) => row[column] ?? null)
  );
  return [/** @type {number[]} */ (times), ...others];
}

/**
 * @param {number} limit
 * @returns {number | null} The highest is none.
 */
function drawable(limit) {
  return limit === Number.MAX_SAFE_INTEGER ? null : limit;
}

/**
 * @param {string} scale
 * @param {string} property
 * @param {number} width
 */
function line(scale, property, width) {
  return { scale, width, stroke: () => colour(property), points: { show: false } };
}

/**
 * Drawn where it is in sight, which it does not decide.
 *
 * @param {string} property
 * @returns {Series}
 */
function limit(property) {
  const paths = uPlot.paths.stepped?.({ align: 1 });
  if (paths === undefined) throw new Error("BUG: uPlot has no steps");
  return { ...line(CLIENTS, property, 1), auto: false, dash: [3, 3], paths };
}

/**
 * Bars, at least so wide that a single one is seen: each is of the second before.
 *
 * @returns {Series}
 */
function rejectedBars() {
  const paths = uPlot.paths.bars?.({ size: [1, 100, 2], align: -1 });
  if (paths === undefined) throw new Error("BUG: uPlot has no bars");
  return {
    ...line(PER_SECOND, "--turned-away", 0),
    fill: () => colour("--turned-away"),
    paths,
  };
}

/** @returns {Series} */
function promotedSteps() {
  const paths = uPlot.paths.stepped?.({ align: -1 });
  if (paths === undefined) throw new Error("BUG: uPlot has no steps");
  return { ...line(PER_SECOND, "--let-in", 1.5), paths };
}
