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

/** @import { Client, Now } from "./contract.d.ts" */

const section = find("#clients", HTMLElement);
const body = find("#client-table tbody", HTMLTableSectionElement);
const template = find("#client-row", HTMLTemplateElement);
const filter = find("#filter", HTMLFieldSetElement);
const listed = find("#listed", HTMLElement);
const table = find("#client-table", HTMLElement);
const nobody = find("#no-clients", HTMLElement);

/** @type {Map<string, HTMLTableRowElement>} */
let rows = new Map();

/** @type {Now | undefined} */
let last;

/** @param {(client: string) => void} disconnect Called when somebody asks for it. */
export function offerDisconnecting(disconnect) {
  body.addEventListener("click", ({ target }) => {
    if (!(target instanceof HTMLButtonElement)) return;
    for (const [id, row] of rows) if (row.contains(target)) disconnect(id);
  });
}

filter.addEventListener("change", () => last && showClients(last));

/** @param {Now} now */
export function showClients(now) {
  last = now;
  const { active, queued, stats } = now;
  const own = stats.cluster?.gate ?? { connected: stats.active, waiting: stats.queued };
  const kind = find("input:checked", HTMLInputElement, filter).value;
  const clients = [...(kind === "active" ? [] : queued), ...(kind === "queued" ? [] : active)];
  /** @type {typeof rows} */
  const wanted = new Map();
  for (const client of clients) {
    const row = rows.get(client.id) ?? newRow(client.id);
    fill(row, client);
    wanted.set(client.id, row);
  }
  rows = wanted;
  arrange([...wanted.values()]);
  nobody.hidden = wanted.size > 0;
  table.hidden = wanted.size === 0;
  const parts = [
    ...(kind === "active" ? [] : [part(queued.length, own.waiting, "waiting")]),
    ...(kind === "queued" ? [] : [part(active.length, own.connected, "connected")]),
  ];
  setText(listed, parts.join(", "));
}

/**
 * @param {number} shown
 * @param {number} total
 * @param {string} state
 */
function part(shown, total, state) {
  const text = `${count(total)} ${state}`;
  if (total <= shown) return text;
  return `${text} (the first ${count(shown)} are listed, ${count(total - shown)} more are not)`;
}

/** @param {string} id */
function newRow(id) {
  const row = /** @type {DocumentFragment} */ (template.content.cloneNode(true)).querySelector(
    "tr",
  );
  if (row === null) throw new Error("BUG: the template has no row");
  setText(find(".id bdi", HTMLElement, row), name(id));
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
  row.className = client.state;
  set("swatch", waits ? "waiting" : client.evicted ? "ending" : "connected");
  set("position", client.position === null ? "" : count(client.position));
  set("seconds", duration(whole(client.seconds)));
  set("since", since(client.since, client.seconds));
  set("waited", duration(waits ? whole(client.waited_seconds) : client.waited_seconds));
  set("received", bytes(client.received_bytes));
  set("sent", bytes(client.sent_bytes));
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
