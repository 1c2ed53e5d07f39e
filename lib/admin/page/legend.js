// @ts-check
/// <reference lib="dom" />
/**
 * The legend of the plot: what each line is, and its value at one time.
 *
 * @module
 */

import { find, setText } from "./dom.js";
import { count, rate, timeOfDay, UNKNOWN } from "./format.js";
import { ACTIVE, PROMOTED, QUEUED, REJECTED, TIME } from "./samples.js";

/** @import { Samples } from "./samples.js" */

const legend = find("#legend", HTMLElement);

/**
 * @param {Samples} samples
 * @param {number} index Which of them.
 */
export function showLegend(samples, index) {
  const sample = samples.list[index];
  const values = {
    active: sample && count(sample[ACTIVE]),
    queued: sample && count(sample[QUEUED]),
    rejected: rateText(samples.rate(REJECTED, index)),
    promoted: rateText(samples.rate(PROMOTED, index)),
    time: sample && timeOfDay(sample[TIME]),
  };
  for (const [key, value] of Object.entries(values)) {
    setText(find(`.${key}-value`, HTMLElement, legend), value ?? UNKNOWN);
  }
}

/** @param {number | null} perSecond */
function rateText(perSecond) {
  return perSecond === null ? UNKNOWN : rate(perSecond);
}
