/**
 * What the server tells the page: the shapes of its JSON, as the server has them.
 *
 * @module
 */

import type { ClientReport } from "../clients.ts";
import type { Mark } from "../marks.ts";
import type { Quantiles, Report } from "../report.ts";

/** Time in unix seconds, how many are connected, how many wait, two running totals, the limits. */
export type Sample = [
  time: number,
  active: number,
  queued: number,
  rejected: number,
  promoted: number,
  maxConnections: number,
  backlogSize: number,
];

export type Percentiles = Quantiles;
export type Stats = ReturnType<Report["figures"]>;
export type Client = ClientReport;
export type Waits = ReturnType<Report["recentWaits"]>;

/** The event that begins every stream. */
export interface History {
  samples: Sample[];
  /** What changed for all clients since the first of them. */
  marks: Mark[];
}

/** The event of every second. */
export interface Now {
  sample: Sample;
  /** What has changed since the sample before. */
  marks: Mark[];
  stats: Stats;
  waits: Waits;
  active: Client[];
  queued: Client[];
}
