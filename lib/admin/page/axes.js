// @ts-check
/// <reference lib="dom" />
/**
 * The axes of the plot: time of day, clients at the left, clients a second at the right. The rates
 * have the lower part of the plot to themselves, so that neither covers the other.
 *
 * @module
 */

import { colour, font } from "./canvas.js";
import { short, timeOfDay } from "./format.js";

/** @typedef {import("uplot/dist/uPlot.d.ts").Axis} Axis */

export const PER_SECOND = "per second";
export const CLIENTS = "clients";

const RATE_SHARE = 0.28;
const COUNT_SHARE = 0.66;

/** The lowest that the top of a scale is. */
const MIN_TOP = 4;

/** The steps of the time axis, in seconds. */
const TIME_STEPS = [
  ...[5, 10, 15, 30, 60, 120, 300, 600, 900, 1800],
  ...[3600, 7200, 10_800, 21_600, 43_200],
];

/** The room for what an axis is named, in pixels. */
const LABEL_SIZE = 20;
const LABEL = { labelSize: LABEL_SIZE, labelGap: 0, labelFont: font(1) };

/** @type {Axis[]} */
export const AXES = [timeAxis(), countAxis(CLIENTS, 3), countAxis(PER_SECOND, 1)];

/**
 * @param {number} top The highest that is to be in sight.
 * @returns {[number, number]}
 */
export function upperPart(top) {
  const end = 1.08 * Math.max(top, MIN_TOP);
  return [end - end / COUNT_SHARE, end];
}

/**
 * @param {number} top
 * @returns {[number, number]}
 */
export function lowerPart(top) {
  return [0, Math.max(MIN_TOP, top) / RATE_SHARE];
}

/**
 * Writes beside each part of the plot what it counts.
 *
 * @param {uPlot} plot
 */
export function nameParts(plot) {
  const { width } = plot.ctx.canvas;
  const edge = (LABEL_SIZE / 2) * devicePixelRatio;
  nameUpright(plot, "clients", edge, CLIENTS, plot.scales[CLIENTS]?.max ?? 0);
  const highest = RATE_SHARE * (plot.scales[PER_SECOND]?.max ?? 0);
  nameUpright(plot, "clients a second", width - edge, PER_SECOND, highest);
}

/**
 * @param {uPlot} plot
 * @param {string} text
 * @param {number} x Where the middle of its height is, on the canvas.
 * @param {string} scale
 * @param {number} highest Of the part, which begins at 0.
 */
function nameUpright({ ctx, bbox, valToPos }, text, x, scale, highest) {
  ctx.save();
  ctx.font = font(devicePixelRatio);
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = colour("--soft");
  const lowest = bbox.top + bbox.height - ctx.measureText(text).width / 2;
  ctx.translate(x, Math.min(valToPos(highest / 2, scale, true), lowest));
  ctx.rotate(-Math.PI / 2);
  ctx.fillText(text, 0, 0);
  ctx.restore();
}

/** @returns {Axis} */
function timeAxis() {
  return {
    ...LABEL,
    label: "time of day",
    stroke: () => colour("--soft"),
    font: font(1),
    size: 28,
    grid: { show: false },
    ticks: { stroke: () => colour("--rule"), size: 6 },
    incrs: TIME_STEPS,
    space: 64,
    values: (_, times, __, ___, step) => times.map((time) => clock(time, step)),
  };
}

/**
 * @param {number} time
 * @param {number} step
 */
function clock(time, step) {
  return step < 60 ? timeOfDay(time) : timeOfDay(time).slice(0, 5);
}

/**
 * @param {string} scale
 * @param {1 | 3} side
 * @returns {Axis}
 */
function countAxis(scale, side) {
  /** @type {import("uplot/dist/uPlot.d.ts").Axis.Filter} */
  const filter = (plot, numbers) => numbers.map((number) => inItsPart(plot, scale, number));
  return {
    ...LABEL,
    // Only the room for it: uPlot would write it beside the middle of the whole plot.
    label: " ",
    scale,
    side,
    stroke: () => colour("--soft"),
    font: font(1),
    size: 40,
    space: 26,
    grid: { stroke: () => colour("--rule"), width: 1, filter },
    ticks: { show: false },
    incrs: wholeSteps(),
    filter,
    values: (_, numbers) => numbers.map((number) => number === null ? "" : short(number)),
  };
}

/**
 * @param {uPlot} plot
 * @param {string} scale
 * @param {number} number
 */
function inItsPart({ scales }, scale, number) {
  const below = number >= 0 && number <= RATE_SHARE * (scales[PER_SECOND]?.max ?? 0);
  return (scale === CLIENTS ? number >= 0 : below) ? number : null;
}

/** There is no half client. */
function wholeSteps() {
  return Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power))
    .flat();
}
