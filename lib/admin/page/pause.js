// @ts-check
/// <reference lib="dom" />
/**
 * The button that pauses, and resumes while that is so.
 *
 * @module
 */

import { pause, resume } from "./api.js";
import { tell } from "./changes.js";
import { find, setText } from "./dom.js";
import { promotedSentence } from "./format.js";

/** @import { Stats } from "./contract.d.ts" */

const button = find("#pause", HTMLButtonElement);

let paused = false;

button.addEventListener("click", async ({ detail: clicks }) => {
  // By the second click of a double click, the button may say the opposite.
  if (clicks > 1) return;
  if (paused) {
    const resumed = tell(
      await resume(),
      ({ promoted }) => `Resumed. ${promotedSentence(promoted)}`,
    );
    if (resumed) show(false);
  } else if (tell(await pause(), () => "Paused: nobody is let in.")) {
    show(true);
  }
});

/** @param {Stats} stats */
export function showPause(stats) {
  show(stats.paused);
}

/** @param {boolean} present */
function show(present) {
  paused = present;
  setText(button, paused ? "Resume" : "Pause");
}
