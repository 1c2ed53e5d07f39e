// @ts-check
/// <reference lib="dom" />
/**
 * How long clients waited until they were let in: a bar for each bucket, from the first to the last
 * in which there is somebody.
 *
 * @module
 */

import { find, setText } from "./dom.js";
import { count, duration } from "./format.js";

/** @import { Waits } from "./contract.d.ts" */

const table = find("#waits", HTMLTableElement);
const body = find("tbody", HTMLTableSectionElement, table);
const nobody = find("#no-waits", HTMLElement);

/** @param {Waits} waits */
export function showWaits({ bounds, counts }) {
  const most = Math.max(...counts);
  const first = counts.findIndex((number) => number > 0);
  const filled = counts.slice(0, counts.findLastIndex((number) => number > 0) + 1).slice(first);
  nobody.hidden = most > 0;
  table.hidden = most === 0;
  if (body.rows.length !== filled.length) body.replaceChildren(...filled.map(newRow));
  filled.forEach((number, index) => {
    const row = /** @type {HTMLTableRowElement} */ (body.rows[index]);
    setText(find("th", HTMLElement, row), label(bounds, first + index));
    setText(find(".count", HTMLElement, row), number === 0 ? "" : count(number));
    find(".bar", HTMLElement, row).style.width = `${100 * number / most}%`;
  });
}

/**
 * @param {number[]} bounds
 * @param {number} index
 */
function label(bounds, index) {
  const bound = bounds[index];
  return bound === undefined ? "longer" : `up to ${duration(bound)}`;
}

function newRow() {
  const row = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  const cell = row.appendChild(document.createElement("td"));
  for (const part of ["bar", "count"]) {
    cell.appendChild(document.createElement("span")).className = part;
  }
  row.prepend(head);
  return row;
}
