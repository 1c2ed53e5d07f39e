/**
 * What Prometheus is told of a pool that several gates share, and of how this one stands with
 * whoever keeps it. Of the pool, each gate tells the same: these figures do not add up over gates.
 *
 * @module
 */

import { RESYNC_REASONS } from "../pool/pool.ts";
import type { MetricSet } from "./metric_set.ts";
import type { Report } from "./report.ts";
import type { Timings } from "./timings.ts";

/** Adds these metrics, which there are only where the pool is shared. */
export function addClusterMetrics(set: MetricSet, report: Report, timings: Timings): void {
  addPool(set, report);
  addLease(set, report);
  set.histogram(timings.roundtrips);
}

function addPool(set: MetricSet, report: Report): void {
  set.gauge(
    "poolgate_cluster_active",
    "Clients of all gates that have a place, as this gate has heard last. Rising to " +
      "poolgate_max_connections means that the next ones have to wait.",
    () => report.stats.active,
  );
  set.gauge(
    "poolgate_cluster_queued",
    "Clients of all gates that wait for a place, as this gate has heard last. Rising means that " +
      "more come than places become free.",
    () => report.stats.queued,
  );
  set.gauge(
    "poolgate_cluster_gates",
    "Gates that share the pool, as this gate has heard last. Falling means that one has ended, or " +
      "was not heard of for a lease.",
    () => report.gates.length,
  );
  set.gauge(
    "poolgate_cluster_over_limit",
    "How many more clients have a place than may. Rising means that a gate came back with clients " +
      "whose places were given to others meanwhile, or that somebody has lowered the limit.",
    () => Math.max(0, report.stats.active - report.stats.maxConnections),
  );
}

function addLease(set: MetricSet, report: Report): void {
  set.gauge(
    "poolgate_cluster_up",
    "1 while this gate is in touch with the Redis of the shared pool and its lease is valid, else " +
      "0, and nobody is let in here. Falling means that Redis is away, or the way to it.",
    () => report.cluster?.up ? 1 : 0,
  );
  set.counter(
    "poolgate_cluster_lease_lost_total",
    "How often this gate could not renew its lease in time. Rising means that Redis was away for " +
      "longer than a lease, or that this gate stood still.",
    undefined,
    () => [["", report.cluster?.leaseLostTotal ?? 0]],
  );
  set.counter(
    "poolgate_cluster_resyncs_total",
    "How often this gate has told Redis anew what it holds, by reason. Rising means, for fenced, " +
      "that it was taken for dead; for empty, that Redis had lost the pool; for behind, that Redis " +
      "had lost its last changes.",
    "reason",
    () => RESYNC_REASONS.map((reason) => [reason, report.cluster?.resyncs[reason] ?? 0]),
  );
}
