/**
 * The page for operators, as part of the program: what is in `page/`, and the library that draws
 * its plot. Nothing of it is built or loaded from elsewhere.
 *
 * @module
 */

import uPlotScript from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import uPlotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import html from "./page/index.html" with { type: "text" };
import style from "./page/page.css" with { type: "text" };
import api from "./page/api.js" with { type: "text" };
import axes from "./page/axes.js" with { type: "text" };
import canvas from "./page/canvas.js" with { type: "text" };
import changes from "./page/changes.js" with { type: "text" };
import clients from "./page/clients.js" with { type: "text" };
import cluster from "./page/cluster.js" with { type: "text" };
import disconnect from "./page/disconnect.js" with { type: "text" };
import dom from "./page/dom.js" with { type: "text" };
import figures from "./page/figures.js" with { type: "text" };
import foremost from "./page/foremost.js" with { type: "text" };
import format from "./page/format.js" with { type: "text" };
import gauges from "./page/gauges.js" with { type: "text" };
import header from "./page/header.js" with { type: "text" };
import legend from "./page/legend.js" with { type: "text" };
import limitNames from "./page/limit_names.js" with { type: "text" };
import limits from "./page/limits.js" with { type: "text" };
import lines from "./page/lines.js" with { type: "text" };
import live from "./page/live.js" with { type: "text" };
import main from "./page/main.js" with { type: "text" };
import marks from "./page/marks.js" with { type: "text" };
import pager from "./page/pager.js" with { type: "text" };
import past from "./page/past.js" with { type: "text" };
import pause from "./page/pause.js" with { type: "text" };
import plot from "./page/plot.js" with { type: "text" };
import samples from "./page/samples.js" with { type: "text" };
import sources from "./page/sources.js" with { type: "text" };
import title from "./page/title.js" with { type: "text" };
import upstreams from "./page/upstreams.js" with { type: "text" };
import waits from "./page/waits.js" with { type: "text" };

/** A file of the page. */
export interface PageFile {
  text: string;
  type: string;
}

const HTML = "text/html; charset=utf-8";
const CSS = "text/css; charset=utf-8";
const JAVASCRIPT = "text/javascript; charset=utf-8";

const scripts = {
  uplot: uPlotScript,
  api,
  axes,
  canvas,
  changes,
  clients,
  cluster,
  disconnect,
  dom,
  figures,
  foremost,
  format,
  gauges,
  header,
  legend,
  limit_names: limitNames,
  limits,
  lines,
  live,
  main,
  marks,
  pager,
  past,
  pause,
  plot,
  samples,
  sources,
  title,
  upstreams,
  waits,
};

/** The files of the page, by their paths. */
export const PAGE_FILES: ReadonlyMap<string, PageFile> = new Map([
  ["/", { text: html, type: HTML }],
  ["/page.css", { text: style, type: CSS }],
  ["/uplot.css", { text: uPlotStyle, type: CSS }],
  ...Object.entries(scripts).map(([name, text]): [string, PageFile] => [
    `/${name}.js`,
    { text, type: JAVASCRIPT },
  ]),
]);
