// @ts-check
/// <reference lib="dom" />
/**
 * The plot over the past, drawn by uPlot: as much of the chosen span as there is.
 *
 * @module
 */

import { AXES, CLIENTS, lowerPart, nameParts, PER_SECOND, upperPart } from "./axes.js";
import { find } from "./dom.js";
import { count, ofLimit } from "./format.js";
import { showLegend } from "./legend.js";
import { nameLimits, top } from "./limit_names.js";
import { columns, lines } from "./lines.js";
import { drawMarks, tellMarks, WORDS_HEIGHT } from "./marks.js";
import { ACTIVE, BACKLOG_SIZE, MAX_CONNECTIONS, QUEUED, TIME } from "./samples.js";

/** @import { Past } from "./past.js" */

/** How much time is shown at least, in seconds: of so much, the axis has names. */
const MIN_SECONDS = 10;

const { uPlot } = /** @type {{ uPlot: typeof import("uplot/dist/uPlot.d.ts") }} */ (
  /** @type {unknown} */ (globalThis)
);

/** The plot in its element. */
export class Plot {
  #past;
  #element = find("#plot", HTMLElement);
  /** The right end of the plot, in unix seconds. */
  #end = Date.now() / 1000;
  #plot;

  /** @param {Past} past */
  constructor(past) {
    this.#past = past;
    this.#plot = new uPlot(this.#options(), columns(past.samples), this.#element);
    new ResizeObserver(() => this.#plot.setSize(this.#size())).observe(this.#element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.#plot.redraw(true, true);
    });
  }

  /** @param {number} [end] The time of now, in unix seconds of the server. */
  show(end = this.#end) {
    this.#end = end;
    this.#plot.setData(columns(this.#past.samples));
    this.#tell();
    tellMarks(this.#past.marks);
  }

  #size() {
    return { width: this.#element.clientWidth, height: this.#element.clientHeight };
  }

  /** @returns {import("uplot/dist/uPlot.d.ts").Options} */
  #options() {
    return {
      ...this.#size(),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      padding: [WORDS_HEIGHT, null, 0, null],
      scales: {
        x: { range: () => this.#time() },
        [CLIENTS]: { range: (_, __, highest) => upperPart(top(highest ?? 0, this.#limits())) },
        [PER_SECOND]: { range: (_, __, highest) => lowerPart(highest ?? 0) },
      },
      axes: AXES,
      series: lines(),
      hooks: {
        setCursor: [() => this.#tell()],
        draw: [(plot) => {
          drawMarks(plot, this.#past.marks);
          nameLimits(plot, this.#limits());
          nameParts(plot);
        }],
      },
    };
  }

  /**
   * Only the time there is.
   *
   * @returns {[number, number]}
   */
  #time() {
    const { list, seconds } = this.#past.samples;
    const first = Math.min(list[0]?.[TIME] ?? this.#end, this.#end - MIN_SECONDS);
    return [Math.max(this.#end - seconds, first), this.#end];
  }

  /** The newest limits: of the places, and of the queue. */
  #limits() {
    const last = this.#past.samples.list.at(-1);
    return last === undefined ? [] : [last[MAX_CONNECTIONS], last[BACKLOG_SIZE]];
  }

  /** The values under the cursor, else the newest ones. */
  #tell() {
    const { samples } = this.#past;
    showLegend(samples, this.#pointed() ?? samples.list.length - 1);
    this.#element.ariaLabel = this.#description();
  }

  /** The index of the sample under the cursor. */
  #pointed() {
    const { left = -1 } = this.#plot.cursor;
    if (left < 0) return undefined;
    const { list, every } = this.#past.samples;
    const time = this.#plot.posToVal(left, "x") - every / 2;
    const index = list.findIndex((sample) => sample[TIME] >= time);
    return index === -1 ? undefined : index;
  }

  #description() {
    const { list } = this.#past.samples;
    const last = list.at(-1);
    if (last === undefined) return "Lines over the past: nothing is known yet";
    const peak = list.reduce((most, sample) => Math.max(most, sample[QUEUED]), 0);
    const places = `${count(last[ACTIVE])} ${ofLimit(last[MAX_CONNECTIONS])} places taken`;
    return `Lines over the past: now ${places} and ${count(last[QUEUED])} waiting, at most ${
      count(peak)
    } waiting`;
  }
}
