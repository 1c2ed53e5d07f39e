// @ts-check
/// <reference lib="dom" />
/**
 * The gates that share the pool, where there are several: a row for each, this gate's part, and
 * what it means that Redis is away.
 *
 * @module
 */

import { find, setText } from "./dom.js";
import { count, duration } from "./format.js";

/** @import { Cluster, Stats } from "./contract.d.ts" */

const section = find("#cluster", HTMLElement);
const trouble = find(".trouble", HTMLElement, section);
const share = find(".share", HTMLElement, section);
const body = find("tbody", HTMLTableSectionElement, section);
const template = find("#gate-row", HTMLTemplateElement);

/** @param {Stats} stats */
export function showCluster({ cluster }) {
  section.hidden = cluster === null;
  if (cluster === null) return;
  setText(trouble, troubleOf(cluster));
  trouble.hidden = trouble.textContent === "";
  setText(share, shareOf(cluster));
  showGates(cluster);
}

/** @param {Cluster} cluster */
function troubleOf({ up, down, down_seconds, held_seconds, lost, lease_valid }) {
  if (up && held_seconds > 0) {
    return `Nobody is let in at any gate for ${duration(Math.ceil(held_seconds))}: other gates ` +
      "may have places that Redis does not know of.";
  }
  if (up) return "";
  const since = `It has been away for ${duration(Math.floor(down_seconds))}`;
  const fate = fateOf(lost, lease_valid);
  return `Redis is away: nobody is let in. ${fate} ${since}${down === null ? "" : `: ${down}`}.`;
}

/**
 * What becomes of those who have a place while Redis is away.
 *
 * @param {Cluster["lost"]} lost
 * @param {boolean} leaseValid
 */
function fateOf(lost, leaseValid) {
  if (lost === "hold") return "Who has a place keeps it.";
  return leaseValid
    ? "Who has a place is cut off when the lease is over."
    : "Who had a place here has been cut off.";
}

/** @param {Cluster} cluster */
function shareOf({ gate: { name, connected, waiting }, up, gates }) {
  const of = gates.length === 1 ? "1 gate" : `all ${count(gates.length)} gates`;
  const heard = up ? "" : ", as last heard";
  return `Places and queue are those of ${of}${heard}. ` +
    `This gate, ${name}, has ${count(connected)} connected and ${count(waiting)} waiting; ` +
    "the times, the totals and the clients below are its own.";
}

/** @param {Cluster} cluster */
function showGates({ gates, gate, up, held_seconds }) {
  const held = held_seconds > 0;
  while (body.rows.length > gates.length) body.deleteRow(-1);
  while (body.rows.length < gates.length) body.append(template.content.cloneNode(true));
  gates.forEach(({ name, own, connected, waiting, paused, lease_age_seconds }, index) => {
    const row = /** @type {HTMLTableRowElement} */ (body.rows[index]);
    const letsNobodyIn = own ? paused || gate.paused : paused;
    row.className = up && letsNobodyIn ? "paused" : "";
    setText(find("bdi", HTMLElement, row), name);
    setText(find(".here", HTMLElement, row), own ? "(this gate)" : "");
    setText(find(".connected", HTMLElement, row), count(own ? gate.connected : connected));
    setText(find(".waiting", HTMLElement, row), count(own ? gate.waiting : waiting));
    setText(find(".lease", HTMLElement, row), `${duration(Math.round(lease_age_seconds))} ago`);
    setText(find(".state", HTMLElement, row), stateOf(up, letsNobodyIn, held));
  });
}

/**
 * @param {boolean} up
 * @param {boolean} paused
 * @param {boolean} held
 */
function stateOf(up, paused, held) {
  if (!up) return "unknown";
  if (paused) return "lets nobody in";
  return held ? "lets nobody in yet" : "lets clients in";
}
