/**
 * What the server tells the page: the shapes of its JSON.
 *
 * @module
 */

/** Time in unix seconds, how many are connected, how many wait, and two running totals. */
export type Sample = [
  time: number,
  active: number,
  queued: number,
  rejected: number,
  promoted: number,
];

/** Over the last ten minutes; `null` where there has been none. */
export interface Percentiles {
  count: number;
  p50: number | null;
  p90: number | null;
  p99: number | null;
}

export interface Stats {
  version: string;
  started_at: string;
  uptime_seconds: number;
  /** `null` where stdin is the only way in. */
  listen: string | null;
  upstream: string | null;
  state: "ready" | "full" | "draining";
  upstream_up: boolean | null;
  /** Whether changes are possible at all. */
  changes: boolean;
  max_connections: number;
  backlog_size: number;
  active: number;
  queued: number;
  oldest_wait_seconds: number;
  totals: {
    connected: number;
    queued: number;
    promoted: number;
    abandoned: number;
    disconnected: number;
    rejected: number;
    rejected_for: Record<string, number>;
    received_bytes: number;
    sent_bytes: number;
  };
  wait_seconds: Percentiles;
  duration_seconds: Percentiles;
}

export interface Client {
  /** Any string. */
  id: string;
  state: "active" | "queued";
  since: string;
  seconds: number;
  position: number | null;
  waited_seconds: number;
  /** `null` for a client of stdin, which has no connection of its own. */
  received_bytes: number | null;
  sent_bytes: number | null;
}

/** The event that begins every stream. */
export interface History {
  samples: Sample[];
}

/** How many waits ended in each bucket; `counts` has one more than there are bounds. */
export interface Waits {
  bounds: number[];
  counts: number[];
}

/** The event of every second. */
export interface Now {
  sample: Sample;
  stats: Stats;
  waits: Waits;
  active: Client[];
  queued: Client[];
}
