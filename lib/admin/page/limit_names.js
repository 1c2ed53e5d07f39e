// @ts-check
/// <reference lib="dom" />
/**
 * Names the limits in the plot at their right ends, beside each other, so that neither covers the
 * other. One that is out of sight is named at the top.
 *
 * @module
 */

import { CLIENTS } from "./axes.js";
import { colour, font } from "./canvas.js";
import { count } from "./format.js";

/** A limit so many times above the lines would only press them flat. */
const IN_SIGHT = 4;

/** Where the plot is not so wide, in pixels, the colour alone says which limit it is. */
const WIDE = 400;

/** Lines that are lower than this are taken to be so high. */
const MIN_HIGHEST = 4;

/**
 * Which is the highest that the plot is to show.
 *
 * @param {number} highest Of the lines.
 * @param {number[]} limits
 */
export function top(highest, limits) {
  const most = Math.max(highest, MIN_HIGHEST) * IN_SIGHT;
  return Math.max(highest, ...limits.filter((limit) => limit <= most));
}

/**
 * @param {uPlot} plot
 * @param {number[]} limits Of the places, and of the queue.
 */
export function nameLimits(plot, [places = 0, queue = 0]) {
  const end = plot.bbox.left + plot.bbox.width;
  name(plot, "places", places, name(plot, "queue", queue, end, "--waiting"), "--place");
}

/**
 * @param {uPlot} plot
 * @param {string} what
 * @param {number} limit
 * @param {number} end Where the name ends, on the canvas.
 * @param {string} property
 * @returns {number} Where it begins.
 */
function name({ ctx, bbox, valToPos }, what, limit, end, property) {
  if (limit === Number.MAX_SAFE_INTEGER) return end;
  const ratio = devicePixelRatio;
  const line = Math.round(valToPos(limit, CLIENTS, true));
  const seen = line >= bbox.top;
  const of = bbox.width < WIDE * ratio ? "" : `of ${what} `;
  const text = `limit ${of}${count(limit)}${seen ? "" : " \u2191"}`;
  const [gap, height] = [4 * ratio, 16 * ratio];
  const y = (seen ? line : bbox.top) + gap;
  ctx.save();
  ctx.font = font(ratio);
  ctx.textBaseline = "middle";
  const width = ctx.measureText(text).width + 2 * gap;
  const x = end - width - gap;
  // Around the letters alone: a box would hide what the lines do there.
  ctx.strokeStyle = colour("--ground");
  ctx.lineWidth = gap;
  ctx.lineJoin = "round";
  ctx.strokeText(text, x + gap, y + height / 2);
  ctx.fillStyle = colour(property);
  ctx.fillText(text, x + gap, y + height / 2);
  ctx.restore();
  return x;
}
