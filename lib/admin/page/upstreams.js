// @ts-check
/// <reference lib="dom" />
/**
 * The upstreams, where there are several: a row for each, and why one is down.
 *
 * @module
 */

import { find, setText } from "./dom.js";
import { things } from "./format.js";

/** @import { Stats } from "./contract.d.ts" */

const section = find("#upstreams", HTMLElement);
const body = find("tbody", HTMLTableSectionElement, section);
const template = find("#upstream-row", HTMLTemplateElement);

/** @param {Stats} stats */
export function showUpstreams({ upstreams }) {
  section.hidden = upstreams.length < 2;
  if (section.hidden) return;
  while (body.rows.length > upstreams.length) body.deleteRow(-1);
  while (body.rows.length < upstreams.length) body.append(template.content.cloneNode(true));
  upstreams.forEach(({ address, up, down, connections }, index) => {
    const row = /** @type {HTMLTableRowElement} */ (body.rows[index]);
    row.className = up ? "up" : "down";
    setText(find("bdi", HTMLElement, row), address);
    setText(find(".number", HTMLElement, row), things(connections, "connection"));
    setText(find(".state", HTMLElement, row), up ? "up" : `down: ${down}`);
  });
}
