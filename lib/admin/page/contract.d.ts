/**
 * What the server tells the page: the shapes of its JSON, as the server has them.
 *
 * @module
 */

import type { ClientPage, ClientReport } from "../clients.ts";
import type { Mark } from "../marks.ts";
import type { Quantiles, Report } from "../report.ts";
import type { SourcePage, SourceReport } from "../sources.ts";

/** Time in unix seconds, how many have a place, how many wait, two running totals, the limits. */
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
export type Cluster = NonNullable<Stats["cluster"]>;
export type Client = ClientReport;
export type Source = SourceReport;
export type Waits = ReturnType<Report["recentWaits"]>;
export type { ClientPage, Mark, SourcePage };

/** The event that begins every stream. */
export interface History {
  samples: Sample[];
  /** What changed for all clients since the first of them. */
  marks: Mark[];
}

/** What `GET /api/history` answers. */
export interface SpanHistory extends History {
  span_seconds: number;
  every_seconds: number;
}

/** The event of every second. */
export interface Now {
  sample: Sample;
  /** What has changed since the sample before. */
  marks: Mark[];
  stats: Stats;
  waits: Waits;
}
