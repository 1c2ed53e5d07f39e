/**
 * What the server tells the page: the shapes of its JSON, as the server has them.
 *
 * @module
 */

import type { ClientReport } from "../clients.ts";
import type { Quantiles, Report } from "../report.ts";

/** Time in unix seconds, how many are connected, how many wait, and two running totals. */
export type Sample = [
  time: number,
  active: number,
  queued: number,
  rejected: number,
  promoted: number,
];

export type Percentiles = Quantiles;
export type Stats = ReturnType<Report["figures"]>;
export type Client = ClientReport;
export type Waits = ReturnType<Report["recentWaits"]>;

/** The event that begins every stream. */
export interface History {
  samples: Sample[];
}

/** The event of every second. */
export interface Now {
  sample: Sample;
  stats: Stats;
  waits: Waits;
  active: Client[];
  queued: Client[];
}
