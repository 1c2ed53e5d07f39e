// @ts-check
/// <reference lib="dom" />
/**
 * What changed for all clients: a line with a word in the plot, and a sentence below it.
 *
 * @module
 */

import { colour, font } from "./canvas.js";
import { find, setText } from "./dom.js";
import { timeOfDay } from "./format.js";

/** @import { Mark } from "./contract.d.ts" */

/** How many are told in sentences: the newest. */
const TOLD = 6;

/** Above the plot, in pixels, for the words. */
export const WORDS_HEIGHT = 22;

/** Of each kind: the word, the sentence, and the name of its colour. */
const KINDS = {
  limits_changed: { word: "limits", sentence: "the limits were changed", property: "--ink" },
  paused: { word: "paused", sentence: "an operator has paused poolgate", property: "--held" },
  resumed: { word: "resumed", sentence: "the pause is over", property: "--held" },
  cluster_down: { word: "Redis away", sentence: "Redis went away", property: "--fault" },
  cluster_up: { word: "Redis back", sentence: "Redis came back", property: "--fault" },
  upstream_down: { word: "down", sentence: "the upstream went down", property: "--fault" },
  upstream_up: { word: "up", sentence: "the upstream came up", property: "--fault" },
  draining: { word: "drain", sentence: "a drain began", property: "--held" },
};

const list = find("#marks", HTMLOListElement);

/**
 * Draws a line for each, and its word where that has room.
 *
 * @param {uPlot} plot
 * @param {Mark[]} marks
 */
export function drawMarks({ ctx, bbox, valToPos }, marks) {
  const ratio = devicePixelRatio;
  let free = bbox.left - WORDS_HEIGHT * ratio;
  ctx.save();
  ctx.font = font(ratio);
  ctx.textBaseline = "bottom";
  ctx.lineWidth = 2 * ratio;
  for (const { time, kind } of marks) {
    const { word, property } = KINDS[kind];
    const x = Math.round(valToPos(time, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = ctx.fillStyle = colour(property);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top - 3 * ratio);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const width = ctx.measureText(word).width;
    const left = Math.min(x - width / 2, bbox.left + bbox.width - width);
    if (left < free) continue;
    ctx.fillText(word, left, bbox.top - 4 * ratio);
    free = left + width + 6 * ratio;
  }
  ctx.restore();
}

/** @param {Mark[]} marks */
export function tellMarks(marks) {
  const told = marks.slice(-TOLD).reverse();
  const sentences = told.map(({ time, kind, text }) => {
    const { sentence } = KINDS[kind];
    return `${timeOfDay(time)} ${sentence}${text === "" ? "" : `: ${text}`}`;
  });
  const others = marks.length - told.length;
  if (others > 0) sentences.push(`and ${others} more before`);
  while (list.children.length > sentences.length) list.lastElementChild?.remove();
  while (list.children.length < sentences.length) list.append(document.createElement("li"));
  sentences.forEach((sentence, index) => {
    const item = /** @type {Element} */ (list.children[index]);
    setText(item, sentence);
    const mark = told[index];
    item.className = mark === undefined ? "" : KINDS[mark.kind].property.slice(2);
  });
}
