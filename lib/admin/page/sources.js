// @ts-check
/// <reference lib="dom" />
/**
 * The table of addresses: who holds the places, and who wants them.
 *
 * @module
 */

import { find, setText } from "./dom.js";
import { count, duration, UNKNOWN } from "./format.js";
import { Pager } from "./pager.js";

/** @import { Source, SourcePage } from "./contract.d.ts" */

const LIMIT = 10;

const section = find("#sources", HTMLElement);
const body = find("tbody", HTMLTableSectionElement, section);
const template = find("#source-row", HTMLTemplateElement);
const sort = find("#source-sort", HTMLSelectElement);

/** @type {Pager<SourcePage>} */
const pager = new Pager({
  section,
  url: "api/sources",
  query: () => ({ sort: sort.value }),
  limit: LIMIT,
  show,
});

sort.addEventListener("change", () => pager.restart());

export function refreshSources() {
  pager.refresh();
}

/** @param {SourcePage} page */
function show({ sources, total }) {
  setText(
    find(".total", HTMLElement, section),
    total === 1 ? "1 address" : `${count(total)} addresses`,
  );
  find("#no-sources", HTMLElement).hidden = sources.length > 0;
  find("table", HTMLTableElement, section).hidden = sources.length === 0;
  while (body.rows.length > sources.length) body.deleteRow(-1);
  while (body.rows.length < sources.length) body.append(template.content.cloneNode(true));
  sources.forEach((source, index) => {
    fill(/** @type {HTMLTableRowElement} */ (body.rows[index]), source);
  });
}

/**
 * @param {HTMLTableRowElement} row
 * @param {Source} source
 */
function fill(row, { source, connected, waiting, rejected, longest_held_seconds: held }) {
  /** @param {string} cell @param {string} text */
  const set = (cell, text) => setText(find(cell, HTMLElement, row), text);
  set("bdi", source ?? "no address (stdin, Unix sockets)");
  set(".connected", count(connected));
  set(".waiting", count(waiting));
  set(".rejected", count(rejected));
  set(".held", held === null ? UNKNOWN : duration(Math.floor(held)));
}
