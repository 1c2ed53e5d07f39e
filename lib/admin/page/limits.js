// @ts-check
/// <reference lib="dom" />
/**
 * The form for both limits: it follows the present ones until somebody edits it.
 *
 * @module
 */

import { putLimits } from "./api.js";
import { tell } from "./changes.js";
import { find, setText } from "./dom.js";
import { ofLimit, promotedSentence } from "./format.js";

/** @import { Stats } from "./contract.d.ts" */

const form = find("#limits-form", HTMLFormElement);
const max = find("#max-connections", HTMLInputElement);
const backlog = find("#backlog-size", HTMLInputElement);
const undo = find("button[type=reset]", HTMLButtonElement, form);

let present = { max_connections: 0, backlog_size: 0 };
let edited = false;

form.addEventListener("input", () => {
  edited = true;
  update();
});

form.addEventListener("reset", (event) => {
  event.preventDefault();
  edited = false;
  update();
  max.focus();
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!valid(max) || !valid(backlog)) return;
  const limits = { max_connections: Number(max.value), backlog_size: Number(backlog.value) };
  const changed = tell(await putLimits(limits), (answer) => {
    present = answer;
    return `${sentence(answer)} ${promotedSentence(answer.promoted)}`;
  });
  if (changed) edited = false;
  update();
});

/** @param {Stats} stats */
export function showLimits({ max_connections, backlog_size }) {
  present = { max_connections, backlog_size };
  update();
}

function update() {
  if (!edited) {
    max.value = `${present.max_connections}`;
    backlog.value = `${present.backlog_size}`;
    max.setCustomValidity("");
    backlog.setCustomValidity("");
  }
  undo.disabled = !edited;
  setText(find(".present-max", HTMLElement), edited ? `now ${present.max_connections}` : "");
  setText(find(".present-backlog", HTMLElement), edited ? `now ${present.backlog_size}` : "");
}

/** @param {HTMLInputElement} field */
function valid(field) {
  const good = /^\d{1,16}$/.test(field.value) && Number.isSafeInteger(Number(field.value));
  field.setCustomValidity(
    good ? "" : `An integer from 0 to ${Number.MAX_SAFE_INTEGER} is wanted here.`,
  );
  return field.reportValidity();
}

/** @param {{ max_connections: number, backlog_size: number }} limits */
function sentence({ max_connections, backlog_size }) {
  return `Set: connected ${limit(max_connections)}, waiting ${limit(backlog_size)}.`;
}

/** @param {number} number */
function limit(number) {
  return number === Number.MAX_SAFE_INTEGER ? ofLimit(number) : `at most ${number}`;
}
