/**
 * What Prometheus is told: which metrics there are, and what it means when they rise. No label ever
 * holds a client's id, since each new value of a label costs Prometheus memory for good.
 *
 * @module
 */

import { EVICT_REASONS, REJECT_REASONS } from "../pool/client.ts";
import { addClusterMetrics } from "./cluster_metrics.ts";
import { MetricSet } from "./metric_set.ts";
import type { Report } from "./report.ts";
import type { Timings } from "./timings.ts";

/** The metrics, in the text format of Prometheus. */
export class Metrics {
  #set = new MetricSet();
  #report: Report;

  /** @param version The version of poolgate. */
  constructor(report: Report, timings: Timings, version: string) {
    this.#report = report;
    this.#counts();
    this.#totals();
    if (report.upstreamTotals !== undefined) this.#upstream();
    this.#usage();
    this.#set.histogram(timings.waits);
    this.#set.histogram(timings.durations);
    if (report.cluster !== undefined) addClusterMetrics(this.#set, report, timings);
    this.#set.gauges(
      "poolgate_build_info",
      "1, with the version of poolgate as a label. A new label value means that another " +
        "version runs.",
      "version",
      () => [[version, 1]],
    );
  }

  /** The media type of {@linkcode text}. */
  get contentType(): string {
    return this.#set.contentType;
  }

  /**
   * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
   *
   * @returns All metrics as they are now.
   */
  text(): Promise<string> {
    return this.#set.text();
  }

  #counts(): void {
    const report = this.#report;
    this.#set.gauge(
      "poolgate_active_connections",
      "Clients that have a place. Rising to poolgate_max_connections means that the next ones " +
        "have to wait.",
      () => report.own.active,
    );
    this.#set.gauge(
      "poolgate_max_connections",
      "How many clients may have a place at once; 0 lets nobody in. It rises and falls only when " +
        "somebody changes it.",
      () => report.stats.maxConnections,
    );
    this.#set.gauge(
      "poolgate_queued_connections",
      "Clients that wait for a place. Rising means that more come than places become free; at " +
        "poolgate_backlog_size, the next ones are turned away.",
      () => report.own.queued,
    );
    this.#set.gauge(
      "poolgate_backlog_size",
      "How many clients may wait at once. It rises and falls only when somebody changes it.",
      () => report.stats.backlogSize,
    );
    this.#set.gauge(
      "poolgate_oldest_wait_seconds",
      "How long the client that is next in line has waited so far, 0 where nobody waits. Rising " +
        "by a second a second means that no place becomes free at all.",
      () => report.oldestWaitSeconds,
    );
    this.#set.gauge(
      "poolgate_longest_wait_seconds",
      "The longest wait of the last ten minutes, whether it has ended or not; 0 where nobody waited. " +
        "Rising means that places become free more slowly than clients come.",
      () => report.longestWaitSeconds,
    );
    this.#expectedWait();
    this.#set.gauge(
      "poolgate_paused",
      "1 while an operator has paused the pool and nobody is let in, else 0. Rising means that " +
        "somebody has paused it.",
      () => report.paused ? 1 : 0,
    );
    if (report.upstreams.length > 0) this.#upstreams();
  }

  #upstreams(): void {
    const { upstreams } = this.#report;
    this.#set.gauges(
      "poolgate_upstream_up",
      "1 while the upstream takes connections, 0 while it does not and nobody is let in to it. " +
        "Rising means that it is back.",
      "upstream",
      () => upstreams.map(({ address, down }) => [address, down === undefined ? 1 : 0]),
    );
    this.#set.gauges(
      "poolgate_upstream_connections",
      "Connections of clients that the upstream has. Rising for one while it falls for another " +
        "means that the other is down, or was.",
      "upstream",
      () => upstreams.map(({ address, connections }) => [address, connections]),
    );
  }

  #totals(): void {
    const report = this.#report;
    this.#set.counter(
      "poolgate_connections_total",
      "Clients that asked for a place, by what they met when they came. A rising share of queued " +
        "or rejected means that the limit is too low for the demand, or places are held too long.",
      "result",
      () => {
        const { connected, queued, rejected } = report.arrivals;
        return [["connected", connected], ["queued", queued], ["rejected", rejected]];
      },
    );
    this.#set.counter(
      "poolgate_rejected_total",
      "Clients turned away when they came or later, by reason. Rising means, for backlog_full, that " +
        "the queue is too short for the storm; for queue_timeout, that places are held too long; for " +
        "per_source, that one address wants more than its share; for waiting_per_source, that one " +
        "address wants more than its share of the queue; for draining, that clients still come to a " +
        "poolgate that ends; for upstream_down, that the upstream cannot be reached; for paused, that " +
        "an operator has paused the pool for longer than its queue holds out; for gate_paused, " +
        "the same of this gate alone; for cluster_down, that the Redis of the shared pool is away.",
      "reason",
      () => REJECT_REASONS.map((reason) => [reason, report.rejected[reason]]),
    );
    this.#set.counter(
      "poolgate_rejected_cut_short_total",
      "Clients of Redis turned away that had one error and the end instead of an error to each " +
        "command, since 1,000 others were answered already; some of them show nothing of it, and " +
        "come again. Rising means that more come at once than can be told well.",
      undefined,
      () => [["", report.cutShort]],
    );
    this.#set.counter(
      "poolgate_evicted_total",
      "Clients whose place was taken from them without a request, by reason. Rising means, for " +
        "idle_timeout, that clients hold places in silence; for max_lifetime, that they want them " +
        "for longer than they may have them; for cluster_lost, that the Redis of the shared pool " +
        "was away for longer than a lease.",
      "reason",
      () => EVICT_REASONS.map((reason) => [reason, report.evicted[reason]]),
    );
    this.#set.counter(
      "poolgate_promoted_total",
      "Clients let in from the queue. Rising means that the queue moves.",
      undefined,
      () => [["", report.promoted]],
    );
    this.#set.counter(
      "poolgate_queue_abandoned_total",
      "Clients that left the queue without a place and were not turned away: they hung up, or " +
        "somebody took them out. Rising means that clients give up sooner than their turn comes.",
      undefined,
      () => [["", report.abandoned]],
    );
    this.#set.counter(
      "poolgate_received_bytes_total",
      "Bytes from clients over their connections; what one sends while it waits for its place " +
        "before an upstream counts once it is passed on. Rising faster means more or larger requests.",
      undefined,
      () => [["", report.traffic.received]],
    );
    this.#set.counter(
      "poolgate_sent_bytes_total",
      "Bytes to clients over their connections. Rising faster means more or larger answers.",
      undefined,
      () => [["", report.traffic.sent]],
    );
  }

  #upstream(): void {
    const totals = () => this.#report.upstreamTotals;
    this.#set.counter(
      "poolgate_upstream_connects_total",
      "Attempts to connect to the upstream, by how they went. Rising failed ones mean that it " +
        "cannot be reached.",
      "result",
      () => [["ok", totals()?.connects ?? 0], ["failed", totals()?.failures ?? 0]],
    );
    this.#set.counter(
      "poolgate_upstream_connect_seconds_total",
      "How long connections to the upstream took to come about, in all. Rising faster than " +
        "poolgate_upstream_connects_total means that each takes longer.",
      undefined,
      () => [["", (totals()?.connectMs ?? 0) / 1000]],
    );
    this.#set.counter(
      "poolgate_upstream_checks_total",
      "Checks of the upstream, by how they went; left_out are those that would have told nothing " +
        "new, or had no place. Rising failed ones mean that the upstream is of no use to clients.",
      "result",
      () => Object.entries(totals()?.checks ?? {}),
    );
  }

  /** By the names that all programs have for them. */
  #usage(): void {
    const report = this.#report;
    this.#set.gauge(
      "process_resident_memory_bytes",
      "Memory that poolgate has. Rising without end means that it loses some.",
      () => report.usage.residentBytes(),
    );
    this.#set.gauge(
      "process_start_time_seconds",
      "When poolgate was started, in seconds since 1970. Rising means that it was started again.",
      () => report.usage.startedAt / 1000,
    );
    this.#set.counter(
      "process_cpu_seconds_total",
      "For how long poolgate has kept a processor busy. Rising by a second a second means that " +
        "it cannot do more.",
      undefined,
      () => [["", report.usage.cpuSeconds()]],
    );
    this.#set.gauge(
      "poolgate_event_loop_lag_seconds",
      "By how much timers were late at most in the last minute: for so long, nobody was served. " +
        "Rising means that there is more to do than one poolgate can.",
      () => report.loopLagSeconds,
    );
  }

  #expectedWait(): void {
    const report = this.#report;
    this.#set.gauges(
      "poolgate_expected_wait_seconds",
      "How long a client that comes now is to wait, from how many wait and how long places are " +
        "held: the percentile 50 is as likely too long as too short, one in ten waits for less than " +
        "10, one in ten for more than 90; NaN where it is not known. Rising means that clients " +
        "come faster than places become free.",
      "percentile",
      () => {
        const { p10 = NaN, p50 = NaN, p90 = NaN } = report.expectedWaitSeconds ?? {};
        return [["10", p10], ["50", p50], ["90", p90]];
      },
    );
  }
}
