// @ts-check
/// <reference lib="dom" />
/**
 * Whether changes may be made: the button behind which they are, the form for the token, locking
 * again, and what is told of each change.
 *
 * @module
 */

import { lock, unlock } from "./api.js";
import { find } from "./dom.js";

/**
 * @import { Stats } from "./contract.d.ts"
 * @import { Outcome } from "./api.js"
 */

const opener = find("#open-changes", HTMLButtonElement);
const panel = find("#change-panel", HTMLElement);
const tokenForm = find("#token-form", HTMLFormElement);
const tokenField = find("#token", HTMLInputElement);
const limitsForm = find("#limits-form", HTMLFormElement);
const pausing = find("#pausing", HTMLElement);
const notOffered = find("#no-changes", HTMLElement);
const notice = find("#notice", HTMLElement);

/** A change that came about is told for so long. */
const TOLD_MS = 20_000;

const WRONG_TOKEN = "This token is wrong: poolgate was started with another one.";

let offered = false;
let opened = false;
let unlocked = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let tellingEnds;

opener.addEventListener("click", () => {
  opened = !opened;
  update();
  if (opened) find("input", HTMLInputElement, unlocked ? limitsForm : tokenForm).focus();
});

tokenForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const told = tell(await unlock(tokenField.value), () => "Unlocked.");
  if (!told) return tokenField.select();
  tokenField.value = "";
  unlocked = true;
  update();
  find("input", HTMLInputElement, limitsForm).focus();
});

find("#lock", HTMLButtonElement).addEventListener("click", () => {
  forget();
  say("Locked: the token is forgotten.");
  tokenField.focus();
});

/** @param {Stats} stats */
export function showChanges({ changes }) {
  offered = changes;
  update();
}

/**
 * Tells what came of a change: the sentence for its answer, or the server's.
 *
 * @template T
 * @param {Outcome<T>} outcome
 * @param {(answer: T) => string} sentence
 * @returns {boolean} Whether it came about.
 */
export function tell(outcome, sentence) {
  const failed = "error" in outcome;
  if (failed && outcome.forbidden) forget();
  say(failed ? failure(outcome) : sentence(outcome.answer), failed);
  return !failed;
}

/** @param {{ error: string, forbidden: boolean }} outcome */
function failure({ error, forbidden }) {
  return forbidden && offered ? WRONG_TOKEN : error;
}

/**
 * @param {string} text
 * @param {boolean} failed
 */
function say(text, failed = false) {
  clearTimeout(tellingEnds);
  // Emptied first: the same sentence again is told again.
  notice.textContent = "";
  notice.textContent = text;
  notice.classList.toggle("failed", failed);
  notice.scrollIntoView({ block: "nearest" });
  if (!failed) tellingEnds = setTimeout(() => notice.textContent = "", TOLD_MS);
}

function forget() {
  lock();
  unlocked = false;
  update();
}

function update() {
  notOffered.hidden = offered;
  opener.hidden = !offered;
  opener.ariaExpanded = `${opened}`;
  panel.hidden = !offered || !opened;
  tokenForm.hidden = unlocked;
  limitsForm.hidden = pausing.hidden = !unlocked;
  document.body.classList.toggle("unlocked", offered && unlocked);
}
