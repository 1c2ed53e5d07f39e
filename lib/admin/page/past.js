// @ts-check
/// <reference lib="dom" />
/**
 * What the plot shows of the past: ten minutes as the stream tells them, or an hour or a day, which
 * the server is asked for once, and the stream continues.
 *
 * @module
 */

import { find } from "./dom.js";
import { Samples, TEN_MINUTES } from "./samples.js";

/** @import { History, Mark, Now, SpanHistory } from "./contract.d.ts" */

/** How many marks are kept: as many as the server keeps. */
const MAX_MARKS = 200;

const chooser = find("#span", HTMLFieldSetElement);

export class Past {
  minutes = new Samples(TEN_MINUTES);
  /** @type {Mark[]} */
  #minuteMarks = [];
  /** A longer span, once it is known. */
  /** @type {{ samples: Samples, marks: Mark[] } | undefined} */
  #longer;
  #loading = false;

  /** @param {() => void} changed Called when another span is shown. */
  constructor(changed) {
    chooser.addEventListener("change", async () => {
      this.#longer = undefined;
      await this.#load();
      changed();
    });
  }

  /** What is shown. */
  get samples() {
    return this.#longer?.samples ?? this.minutes;
  }

  /** What changed for all clients in that time, the oldest first. */
  get marks() {
    return this.#longer?.marks ?? this.#minuteMarks;
  }

  /** @param {History} history It may be that of a new poolgate: what was known is replaced. */
  replace({ samples, marks }) {
    this.minutes.replace(samples);
    this.#minuteMarks = marks;
    this.#longer = undefined;
  }

  /** @param {Now} now */
  add({ sample, marks }) {
    this.minutes.add(sample);
    this.#minuteMarks = kept([...this.#minuteMarks, ...marks], sample[0] - TEN_MINUTES.seconds);
    if (this.#longer === undefined) return void this.#load();
    const { samples } = this.#longer;
    samples.add(sample);
    this.#longer.marks = kept([...this.#longer.marks, ...marks], sample[0] - samples.seconds);
  }

  /** Asks for a longer span; where there is no answer, the next sample asks again. */
  async #load() {
    const span = chosen();
    if (span === "10m" || this.#loading) return;
    this.#loading = true;
    const history = await fetchHistory(span);
    this.#loading = false;
    if (history === undefined || span !== chosen()) return;
    const { span_seconds: seconds, every_seconds: every, marks } = history;
    const samples = new Samples({ seconds, every });
    samples.replace(history.samples);
    this.#longer = { samples, marks };
  }
}

/** The name of the span that is chosen. */
function chosen() {
  return find("input:checked", HTMLInputElement, chooser).value;
}

/**
 * @param {string} span
 * @returns {Promise<SpanHistory | undefined>}
 */
async function fetchHistory(span) {
  try {
    const response = await fetch(`api/history?span=${span}`);
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {Mark[]} marks
 * @param {number} begin
 */
function kept(marks, begin) {
  return marks.filter(({ time }) => time >= begin).slice(-MAX_MARKS);
}
