// @ts-check
/// <reference lib="dom" />
/**
 * The table of clients. A row stays the same element for as long as its client is listed, so that
 * it can keep the focus, and is never moved while it has it: moving takes the focus away.
 *
 * @module
 */

import { find, setText } from "./dom.js";
import { bytes, count, duration, name, since } from "./format.js";
import { Pager } from "./pager.js";

/** @import { Client, ClientPage, Stats } from "./contract.d.ts" */

/** How many rows a page has. */
const LIMIT = 25;

const section = find("#clients", HTMLElement);
const body = find("#client-table tbody", HTMLTableSectionElement);
const template = find("#client-row", HTMLTemplateElement);
const filter = find("#filter", HTMLFieldSetElement);
const sort = find("#client-sort", HTMLSelectElement);
const search = find("#client-search", HTMLInputElement);
const table = find("#client-table", HTMLElement);

/** @type {Map<string, HTMLTableRowElement>} */
let rows = new Map();

/** @type {Pager<ClientPage>} */
const pager = new Pager({ section, url: "api/clients", query, limit: LIMIT, show });

filter.addEventListener("change", () => pager.restart());
sort.addEventListener("change", () => pager.restart());
search.addEventListener("input", () => pager.restart());

/** @param {(client: string) => void} disconnect Called when somebody asks for it. */
export function offerDisconnecting(disconnect) {
  body.addEventListener("click", ({ target }) => {
    if (!(target instanceof HTMLButtonElement)) return;
    for (const [id, row] of rows) if (row.contains(target)) disconnect(id);
  });
}

/** @param {Stats} stats */
export function refreshClients({ cluster, active, queued }) {
  // Those of other gates are not listed here.
  const own = cluster?.gate ?? { connected: active, waiting: queued };
  setText(find(".actives", HTMLElement, filter), count(own.connected));
  setText(find(".queueds", HTMLElement, filter), count(own.waiting));
  pager.refresh();
}

function query() {
  const state = find("input:checked", HTMLInputElement, filter).value;
  return {
    ...(state === "all" ? {} : { state }),
    sort: sort.value,
    search: search.value,
  };
}

/** @param {ClientPage} page */
function show({ clients, total }) {
  /** @type {typeof rows} */
  const wanted = new Map();
  for (const client of clients) {
    const row = rows.get(client.id) ?? newRow(client.id);
    fill(row, client);
    wanted.set(client.id, row);
  }
  rows = wanted;
  arrange([...wanted.values()]);
  find("#no-clients", HTMLElement).hidden = wanted.size > 0;
  table.hidden = wanted.size === 0;
  setText(find(".total", HTMLElement, section), search.value === "" ? "" : `${count(total)} found`);
}

/** @param {string} id */
function newRow(id) {
  const row = /** @type {DocumentFragment} */ (template.content.cloneNode(true)).querySelector(
    "tr",
  );
  if (row === null) throw new Error("BUG: the template has no row");
  const shown = find(".id bdi", HTMLElement, row);
  setText(shown, name(id));
  // A long one is cut on a small screen.
  shown.title = name(id);
  find("button", HTMLButtonElement, row).ariaLabel = `Disconnect ${name(id)}`;
  return row;
}

/**
 * @param {HTMLTableRowElement} row
 * @param {Client} client
 */
function fill(row, client) {
  /** @param {string} cell @param {string} text */
  const set = (cell, text) => setText(find(`.${cell}`, HTMLElement, row), text);
  const waits = client.state === "queued";
  const state = stateOf(client);
  row.className = state === "being connected" ? "active connecting" : client.state;
  set("swatch", state);
  set("position", client.position === null ? "" : count(client.position));
  set("seconds", duration(whole(client.seconds)));
  set("since", since(client.since, client.seconds));
  set("waited", duration(waits ? whole(client.waited_seconds) : client.waited_seconds));
  set("received", bytes(client.received_bytes));
  set("sent", bytes(client.sent_bytes));
}

/** @param {Client} client */
function stateOf({ state, evicted, joined }) {
  if (state === "queued") return "waiting";
  if (evicted) return "ending";
  if (joined === null) return "connected";
  return joined ? "joined" : "being connected";
}

/**
 * What still grows is told in whole seconds.
 *
 * @param {number} seconds
 */
function whole(seconds) {
  return Math.floor(seconds);
}

/** @param {HTMLTableRowElement[]} wanted */
function arrange(wanted) {
  const kept = new Set(wanted);
  const focused = wanted.find((row) => row.contains(document.activeElement));
  for (const row of [...body.rows]) if (!kept.has(row)) remove(row);
  let at = body.firstElementChild;
  for (const row of wanted) {
    if (row === focused) {
      while (at !== null && at !== row) {
        const next = at.nextElementSibling;
        body.append(at);
        at = next;
      }
    }
    if (row === at) at = at.nextElementSibling;
    else body.insertBefore(row, at);
  }
}

/** @param {HTMLTableRowElement} row */
function remove(row) {
  // Not to the next row: whoever is about to press a key there means this one.
  if (row.contains(document.activeElement)) section.focus({ preventScroll: true });
  row.remove();
}
