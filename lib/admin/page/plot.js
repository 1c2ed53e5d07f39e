// @ts-check
/// <reference lib="dom" />
/**
 * The lines over the last ten minutes and their legend, drawn by uPlot.
 *
 * @module
 */

import { find, setText } from "./dom.js";
import { count, ofLimit, rate, short, timeOfDay, UNKNOWN } from "./format.js";
import { ACTIVE, PROMOTED, QUEUED, REJECTED, TIME, WINDOW_SECONDS } from "./samples.js";

/** @import { Samples } from "./samples.js" */

/** Samples further apart than this have something unknown between them. */
const GAP_SECONDS = 3;

/** A limit so many times above the lines would only press them flat. */
const LIMIT_IN_SIGHT = 2.5;

/** The rates have the lower part of the plot to themselves, so that neither covers the other. */
const RATE_SHARE = 0.28;
const COUNT_SHARE = 0.66;

const PER_SECOND = "per second";
const CLIENTS = "clients";

const { uPlot } = /** @type {{ uPlot: typeof import("uplot/dist/uPlot.d.ts") }} */ (
  /** @type {unknown} */ (globalThis)
);

/** The plot in its element. */
export class Plot {
  #samples;
  #element = find("#plot", HTMLElement);
  #legend = find("#legend", HTMLElement);
  #limit = 0;
  /** The right end of the plot, in unix seconds. */
  #end = Date.now() / 1000;
  #plot;

  /** @param {Samples} samples */
  constructor(samples) {
    this.#samples = samples;
    this.#plot = new uPlot(this.#options(), [[], [], [], [], []], this.#element);
    new ResizeObserver(() => this.#plot.setSize(this.#size())).observe(this.#element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.#plot.redraw(true, true);
    });
  }

  /**
   * @param {number} end The time of now, in unix seconds of the server.
   * @param {number} limit
   */
  show(end, limit) {
    this.#end = end;
    this.#limit = limit;
    this.#plot.setData(columns(this.#samples));
    this.#tell();
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
      padding: [12, null, 0, null],
      scales: {
        x: { range: () => [this.#end - WINDOW_SECONDS, this.#end] },
        [CLIENTS]: { range: (_, __, highest) => this.#upperPart(highest ?? 0) },
        [PER_SECOND]: { range: (_, __, highest) => lowerPart(highest ?? 0) },
      },
      axes: [timeAxis(), countAxis(CLIENTS, 3), countAxis(PER_SECOND, 1)],
      series: [
        {},
        { ...line(CLIENTS, "--active", 2), fill: () => colour("--active-area"), fillTo: 0 },
        line(CLIENTS, "--queued", 2),
        rejectedBars(),
        promotedSteps(),
      ],
      hooks: {
        setCursor: [() => this.#tell()],
        drawAxes: [() => this.#drawLimit()],
        draw: [() => this.#nameLimit()],
      },
    };
  }

  /**
   * @param {number} highest
   * @returns {[number, number]}
   */
  #upperPart(highest) {
    const inSight = this.#limit <= Math.max(highest, 4) * LIMIT_IN_SIGHT;
    const top = 1.08 * Math.max(highest, inSight ? this.#limit : 0, 4);
    return [top - top / COUNT_SHARE, top];
  }

  /** Where the limit is, on the canvas; `undefined` where it is out of sight. */
  #limitY() {
    const y = Math.round(this.#plot.valToPos(this.#limit, CLIENTS, true));
    return this.#limit === 0 || y < this.#plot.bbox.top ? undefined : y;
  }

  #drawLimit() {
    const { ctx, bbox } = this.#plot;
    const y = this.#limitY();
    if (y === undefined) return;
    ctx.save();
    ctx.strokeStyle = colour("--soft");
    ctx.lineWidth = uPlot.pxRatio;
    ctx.setLineDash([2 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  /** Upon whatever is drawn there. */
  #nameLimit() {
    const { ctx, bbox } = this.#plot;
    const y = this.#limitY();
    if (y === undefined) return;
    const text = `limit ${count(this.#limit)}`;
    const [gap, height] = [4 * uPlot.pxRatio, 16 * uPlot.pxRatio];
    ctx.save();
    ctx.font = font(uPlot.pxRatio);
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillStyle = colour("--ground");
    const width = ctx.measureText(text).width + 2 * gap;
    ctx.fillRect(bbox.left + gap, y - gap - height, width, height);
    ctx.fillStyle = colour("--soft");
    ctx.fillText(text, bbox.left + 2 * gap, y - gap - height / 2);
    ctx.restore();
  }

  /** The values under the cursor, else the newest ones. */
  #tell() {
    const list = this.#samples.list;
    const index = this.#pointed() ?? list.length - 1;
    const sample = list[index];
    const values = {
      active: sample && count(sample[ACTIVE]),
      queued: sample && count(sample[QUEUED]),
      rejected: rateText(this.#samples.rate(REJECTED, index)),
      promoted: rateText(this.#samples.rate(PROMOTED, index)),
      time: sample && timeOfDay(sample[TIME]),
    };
    for (const [key, value] of Object.entries(values)) {
      setText(find(`.${key}-value`, HTMLElement, this.#legend), value ?? UNKNOWN);
    }
    if (sample) this.#describe(sample[ACTIVE], sample[QUEUED]);
  }

  /** The index of the sample under the cursor. */
  #pointed() {
    const { left = -1 } = this.#plot.cursor;
    if (left < 0) return undefined;
    const time = this.#plot.posToVal(left, "x");
    const index = this.#samples.list.findIndex((sample) => sample[TIME] >= time - 0.5);
    return index === -1 ? undefined : index;
  }

  /**
   * @param {number} active
   * @param {number} queued
   */
  #describe(active, queued) {
    const peak = this.#samples.list.reduce((most, sample) => Math.max(most, sample[QUEUED]), 0);
    this.#element.ariaLabel = `Lines over the last ten minutes: now ${count(active)} connected ${
      ofLimit(this.#limit)
    } and ${count(queued)} waiting, at most ${count(peak)} waiting`;
  }
}

/**
 * What uPlot draws: a column each for time, counts and rates, with a gap where nothing was heard.
 *
 * @param {Samples} samples
 * @returns {[number[], ...(number | null)[][]]}
 */
function columns(samples) {
  /** @type {[number[], ...(number | null)[][]]} */
  const [times, active, queued, rejected, promoted] = [[], [], [], [], []];
  samples.list.forEach((sample, index) => {
    const last = times?.at(-1);
    const gap = last !== undefined && sample[TIME] - last > GAP_SECONDS;
    if (gap) {
      times.push((last + sample[TIME]) / 2);
      for (const column of [active, queued, rejected, promoted]) column?.push(null);
    }
    times.push(sample[TIME]);
    active?.push(sample[ACTIVE]);
    queued?.push(sample[QUEUED]);
    rejected?.push(gap ? null : samples.rate(REJECTED, index));
    promoted?.push(gap ? null : samples.rate(PROMOTED, index));
  });
  return [times, active ?? [], queued ?? [], rejected ?? [], promoted ?? []];
}

/**
 * @param {number} highest
 * @returns {[number, number]}
 */
function lowerPart(highest) {
  return [0, Math.max(4, highest) / RATE_SHARE];
}

/** @param {number | null} perSecond */
function rateText(perSecond) {
  return perSecond === null ? UNKNOWN : rate(perSecond);
}

/** @param {string} property */
function colour(property) {
  return getComputedStyle(document.documentElement).getPropertyValue(property);
}

/** @param {number} ratio */
function font(ratio) {
  return `${12 * ratio}px system-ui, sans-serif`;
}

/**
 * @param {string} scale
 * @param {string} property
 * @param {number} width
 */
function line(scale, property, width) {
  return { scale, width, stroke: () => colour(property), points: { show: false } };
}

/**
 * Bars, at least so wide that a single one is seen: each is of the second before.
 *
 * @returns {import("uplot/dist/uPlot.d.ts").Series}
 */
function rejectedBars() {
  const paths = uPlot.paths.bars?.({ size: [1, 100, 2], align: -1 });
  if (paths === undefined) throw new Error("BUG: uPlot has no bars");
  return { ...line(PER_SECOND, "--rejected", 0), fill: () => colour("--rejected"), paths };
}

/** @returns {import("uplot/dist/uPlot.d.ts").Series} */
function promotedSteps() {
  const paths = uPlot.paths.stepped?.({ align: -1 });
  if (paths === undefined) throw new Error("BUG: uPlot has no steps");
  return { ...line(PER_SECOND, "--promoted", 1.5), paths };
}

/** @returns {import("uplot/dist/uPlot.d.ts").Axis} */
function timeAxis() {
  return {
    stroke: () => colour("--soft"),
    font: font(1),
    size: 32,
    grid: { show: false },
    ticks: { stroke: () => colour("--rule"), size: 6 },
    incrs: [60, 120, 300],
    space: 60,
    values: (_, times) => times.map((time) => timeOfDay(time).slice(0, 5)),
  };
}

/**
 * @param {string} scale
 * @param {1 | 3} side
 * @returns {import("uplot/dist/uPlot.d.ts").Axis}
 */
function countAxis(scale, side) {
  /** @type {import("uplot/dist/uPlot.d.ts").Axis.Filter} */
  const filter = (plot, numbers) => numbers.map((number) => inItsPart(plot, scale, number));
  return {
    scale,
    side,
    stroke: () => colour("--soft"),
    font: font(1),
    size: 40,
    space: 26,
    grid: { stroke: () => colour("--rule"), width: 1, filter },
    ticks: { show: false },
    incrs: wholeSteps(),
    filter,
    values: (_, numbers) => numbers.map((number) => number === null ? "" : short(number)),
  };
}

/**
 * @param {uPlot} plot
 * @param {string} scale
 * @param {number} number
 */
function inItsPart({ scales }, scale, number) {
  const below = number >= 0 && number <= RATE_SHARE * (scales[PER_SECOND]?.max ?? 0);
  return (scale === CLIENTS ? number >= 0 : below) ? number : null;
}

/** There is no half client. */
function wholeSteps() {
  return Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power))
    .flat();
}
