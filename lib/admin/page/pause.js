// @ts-check
/// <reference lib="dom" />
/**
 * The button that pauses, and resumes while that is so; with several gates, one for all of them,
 * and one for this gate.
 *
 * @module
 */

import { pause, resume } from "./api.js";
import { tell } from "./changes.js";
import { find, setText } from "./dom.js";
import { promotedSentence } from "./format.js";

/** @import { Stats } from "./contract.d.ts" */

class PauseButton {
  #button;
  /** Whether it is for this gate alone. */
  #gate;
  #paused = false;
  #what = "";

  /**
   * @param {string} selector
   * @param {boolean} gate
   */
  constructor(selector, gate) {
    this.#button = find(selector, HTMLButtonElement);
    this.#gate = gate;
    this.#button.addEventListener("click", ({ detail: clicks }) => {
      // By the second click of a double click, the button may say the opposite.
      if (clicks <= 1) this.#change();
    });
  }

  /**
   * @param {boolean} paused
   * @param {string} what What is paused; empty where there is nothing to tell apart.
   */
  show(paused, what) {
    this.#paused = paused;
    this.#what = what;
    this.#button.hidden = false;
    setText(this.#button, `${paused ? "Resume" : "Pause"} ${what}`.trim());
  }

  hide() {
    this.#button.hidden = true;
  }

  async #change() {
    const here = this.#gate ? "here" : "";
    const paused = !this.#paused;
    const done = paused
      ? tell(await pause(this.#gate), () => `Paused: nobody is let in ${here}`.trim() + ".")
      : tell(
        await resume(this.#gate),
        ({ promoted }) => `Resumed. ${promotedSentence(promoted)}`,
      );
    if (done) this.show(paused, this.#what);
  }
}

const all = new PauseButton("#pause", false);
const gate = new PauseButton("#pause-gate", true);

/** @param {Stats} stats */
export function showPause({ paused, cluster }) {
  all.show(paused, cluster === null ? "" : "all gates");
  if (cluster === null) gate.hide();
  else gate.show(cluster.gate.paused, "this gate");
}
