/**
 * What operators are told of the pool, from wherever it is known: the figures, the clients, the
 * last ten minutes.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import type { Counts, EvictReason, RejectReason, Traffic } from "../pool/client.ts";
import type { ExpectedWait } from "../pool/expected_wait.ts";
import type { ClusterState, GateShare, Pool, Stats } from "../pool/pool.ts";
import { clusterFigures } from "./cluster_report.ts";
import { History, type Sample, type Span } from "./history.ts";
import { LastMinute, type Load } from "./last_minute.ts";
import { LoopLag } from "./loop_lag.ts";
import { type Mark, Marks, type Situation } from "./marks.ts";
import type { Arrivals, PoolObserver } from "./pool_observer.ts";
import type { Times } from "./recent_times.ts";
import { seconds } from "./rounded.ts";
import type { Recent, Timings } from "./timings.ts";

/** The upper bounds of the bars of the page's waits, in seconds; one more is for longer waits. */
export const BAR_BOUNDS = [
  ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
  ...[1, 2.5, 5, 10, 30, 60, 120, 300, 600],
];

/** How often a sample is taken, in milliseconds. */
export const PERIOD_MS = 1000;

/** What a {@linkcode Report} is made of. */
export interface ReportParts {
  pool: Pool;
  observer: PoolObserver;
  timings: Timings;
  clock: Clock;
  /** The time of day, in milliseconds since 1970. */
  timeOfDay: () => number;
  version: string;
  /** Where clients connect; `undefined` where stdin is the only way in. */
  listen: string | undefined;
  /** What they are joined to, in order; none where they are joined to nothing. */
  upstreams: readonly Upstream[];
  /** Whether the report's readers may change anything. */
  changes: boolean;
  /** Whether no more clients are taken because the program ends. */
  draining: () => boolean;
  /** How long that may still last, in milliseconds; `undefined` where it has no limit, too. */
  drainLeftMs: () => number | undefined;
  /** How many were turned away in brief, since too many were answered until they went. */
  cutShort: () => number;
  /** What has gone over all connections. */
  traffic: () => Readonly<Traffic>;
  /** What is counted of the upstream; `undefined` where there is none. */
  upstreamTotals: () => UpstreamTotals | undefined;
  usage: Usage;
  /** How long a client that comes now is to wait; `undefined` where that is not known. */
  expectedWait: () => ExpectedWait | undefined;
}

/** What clients are joined to. */
export interface Upstream {
  readonly address: string;
  /** Why it takes no connections, as far as is known; `undefined` where it does. */
  readonly down: string | undefined;
  /** How many connections of clients it has. */
  readonly connections: number;
}

/** What is counted of all upstreams since the start. */
export interface UpstreamTotals {
  /** Connections that came about, and how long that took in all, in milliseconds. */
  readonly connects: number;
  readonly connectMs: number;
  /** Attempts that failed. */
  readonly failures: number;
  /** Checks, by how they went. */
  readonly checks: Readonly<Record<"ok" | "failed" | "left_out", number>>;
}

/** What poolgate takes of the machine. */
export interface Usage {
  /** When it was started, in milliseconds since 1970. */
  readonly startedAt: number;
  /** The memory that it has, in bytes. */
  residentBytes(): number;
  /** For how long it has kept a processor busy, in seconds. */
  cpuSeconds(): number;
}

/** The quantiles of how long something took, in seconds, over the last ten minutes. */
export interface Quantiles {
  count: number;
  p50: number | null;
  p90: number | null;
  p99: number | null;
  longest: number | null;
}

/** Answers what operators ask. */
export class Report {
  #parts: ReportParts;
  #started: number;
  #startedAt: string;
  #history = new History();
  #marks = new Marks();
  #lastMinute = new LastMinute();
  #lag = new LoopLag(PERIOD_MS);

  constructor(parts: ReportParts) {
    this.#parts = parts;
    this.#started = parts.clock.now();
    this.#startedAt = new Date(parts.timeOfDay()).toISOString();
  }

  /** The limits, counts and totals of the pool. */
  get stats(): Stats {
    return this.#parts.pool.stats();
  }

  /** The limits, as `GET /api/config` gives them. */
  get limits() {
    const { maxConnections, backlogSize } = this.#parts.pool.limits;
    return { max_connections: maxConnections, backlog_size: backlogSize };
  }

  /** How many clients of this process are in the pool. */
  get own(): Counts {
    return this.#parts.pool.own;
  }

  /** How this process stands with whoever keeps the pool; `undefined` where it has it alone. */
  get cluster(): ClusterState | undefined {
    return this.#parts.pool.describe().cluster;
  }

  /** The gates that share the pool, as last heard. */
  get gates(): readonly GateShare[] {
    return this.#parts.pool.describe().gates;
  }

  /** Whether an operator has paused the pool, so that nobody is let in. */
  get paused(): boolean {
    return this.#parts.pool.paused;
  }

  /** How long the next in line has waited so far; 0 where nobody waits. */
  get oldestWaitSeconds(): number {
    const [next] = this.#parts.pool.clients("queued");
    return next === undefined ? 0 : this.#secondsSince(next.since);
  }

  /** The longest wait of the last ten minutes, also one that goes on; 0 where nobody waited. */
  get longestWaitSeconds(): number {
    return Math.max(this.recent().waits.longest ?? 0, this.oldestWaitSeconds);
  }

  /** By how much timers were late at most in the last minute. */
  get loopLagSeconds(): number {
    return this.#lag.mostMs / 1000;
  }

  /** What is counted of the upstream; `undefined` where there is none. */
  get upstreamTotals(): UpstreamTotals | undefined {
    return this.#parts.upstreamTotals();
  }

  get usage(): Usage {
    return this.#parts.usage;
  }

  /** How long a client that comes now is to wait, in seconds; `null` where that is not known. */
  get expectedWaitSeconds(): ExpectedWait | null {
    const expected = this.#parts.expectedWait();
    if (expected === undefined) return null;
    const { p10, p50, p90 } = expected;
    return { p10: seconds(p10 / 1000), p50: seconds(p50 / 1000), p90: seconds(p90 / 1000) };
  }

  /** What clients are joined to, in order. */
  get upstreams(): readonly Upstream[] {
    return this.#parts.upstreams;
  }

  /** Whether any upstream takes connections; `undefined` where there is none. */
  get upstreamUp(): boolean | undefined {
    if (this.upstreams.length === 0) return undefined;
    return this.upstreams.some(({ down }) => down === undefined);
  }

  /** Why no upstream takes connections, where none does. */
  get upstreamDown(): string | undefined {
    if (this.upstreamUp !== false) return undefined;
    const [only, ...others] = this.upstreams;
    return others.length === 0 ? only?.down : whyDown(this.upstreams);
  }

  get rejected(): Readonly<Record<RejectReason, number>> {
    return this.#parts.observer.rejections;
  }

  /** How many of the rejected were told once, where others are answered until they go. */
  get cutShort(): number {
    return this.#parts.cutShort();
  }

  get evicted(): Readonly<Record<EvictReason, number>> {
    return this.#parts.observer.evictions;
  }

  get abandoned(): number {
    return this.#parts.observer.abandoned;
  }

  /** How many clients of this process came, by what they met. */
  get arrivals(): Readonly<Arrivals> {
    return this.#parts.observer.arrivals;
  }

  /** How many of them were let in from the queue. */
  get promoted(): number {
    return this.#parts.observer.promoted;
  }

  get traffic(): Readonly<Traffic> {
    return this.#parts.traffic();
  }

  /** What a client that comes now would meet: a place or a wait, a full queue, or the end. */
  get state(): "ready" | "full" | "draining" {
    if (this.#parts.draining()) return "draining";
    return this.#parts.pool.full ? "full" : "ready";
  }

  /** How long a drain may still last, in whole seconds; `null` without one, and without a limit. */
  get drainSecondsLeft(): number | null {
    const ms = this.#parts.drainLeftMs();
    return ms === undefined ? null : Math.ceil(ms / 1000);
  }

  /** @returns What was, the oldest first. */
  history(span: Span): readonly Sample[] {
    return this.#history.points(span);
  }

  /** Takes a sample for the {@linkcode history}. */
  takeSample(): Sample {
    const { clock, timeOfDay, timings } = this.#parts;
    const now = clock.now();
    const { rejectedTotal: rejected, promoted, arrivals } = this;
    const { active, queued, maxConnections, backlogSize } = this.stats;
    const time = seconds(timeOfDay() / 1000);
    const sample = { time, active, queued, rejected, promoted, maxConnections, backlogSize };
    const totals = { queued: arrivals.queued, rejected, promoted, waiting: queued };
    this.#lag.tick(now);
    timings.count();
    this.#history.add(sample);
    this.#lastMinute.add({ time: now / 1000, ...totals });
    this.#marks.look(time, this.#situation());
    return sample;
  }

  /** @returns What changed for all clients, from some time on, in seconds since 1970. */
  marksSince(time: number): Mark[] {
    return this.#marks.since(time);
  }

  #situation(): Situation {
    const { paused, cluster, upstreamDown } = this;
    const clusterDown = cluster?.up === false ? cluster.down ?? "" : undefined;
    const { maxConnections, backlogSize } = this.#parts.pool.limits;
    const limits = { maxConnections, backlogSize };
    return { limits, paused, draining: this.#parts.draining(), clusterDown, upstreamDown };
  }

  /**
   * How it is, as a headline has it: what stops everybody, as soon as it does, or else the load of
   * the last minute, which changes once a minute at most.
   */
  get headline(): "draining" | "cluster_down" | "upstream_down" | "paused" | Load {
    const { draining, clusterDown, upstreamDown, paused } = this.#situation();
    if (draining) return "draining";
    if (clusterDown !== undefined) return "cluster_down";
    if (upstreamDown !== undefined) return "upstream_down";
    return paused ? "paused" : this.#lastMinute.load;
  }

  /** What was measured during the last ten minutes. */
  recent(): Recent {
    return this.#parts.timings.recent();
  }

  /**
   * All figures, as `GET /api/stats` gives them.
   *
   * @param recent What is {@linkcode recent} now.
   */
  figures(recent: Recent = this.recent()) {
    const { pool, observer, version, listen, upstreams, changes } = this.#parts;
    const { stats, traffic, arrivals } = this;
    return {
      version,
      started_at: this.#startedAt,
      // Whole ones, so that an answer is as long as the next one while nothing happens.
      uptime_seconds: Math.floor(this.#secondsSince(this.#started)),
      listen: listen ?? null,
      upstream: upstreams.map(({ address }) => address).join(", ") || null,
      state: this.state,
      paused: this.paused,
      drain_seconds_left: this.drainSecondsLeft,
      upstream_up: this.upstreamUp ?? null,
      upstream_down: this.upstreamDown ?? null,
      upstreams: upstreams.map(({ address, down, connections }) => ({
        address,
        up: down === undefined,
        down: down ?? null,
        connections,
      })),
      changes,
      ...this.limits,
      active: stats.active,
      connecting: this.#connecting,
      queued: stats.queued,
      oldest_wait_seconds: seconds(this.oldestWaitSeconds),
      totals: {
        connected: arrivals.connected,
        queued: arrivals.queued,
        promoted: this.promoted,
        abandoned: this.abandoned,
        disconnected: observer.left,
        rejected: this.rejectedTotal,
        rejected_for: this.rejected,
        rejected_cut_short: this.cutShort,
        received_bytes: traffic.received,
        sent_bytes: traffic.sent,
      },
      last_minute: {
        state: this.headline,
        queued: this.#lastMinute.queued,
        promoted: this.#lastMinute.promoted,
        rejected: this.#lastMinute.rejected,
      },
      expected_wait_seconds: this.expectedWaitSeconds,
      wait_seconds: quantiles(recent.waits),
      duration_seconds: quantiles(recent.durations),
      cluster: clusterFigures(pool),
    };
  }

  /**
   * How long those waited who were let in during the last ten minutes: how many for each bar.
   *
   * @param recent What is {@linkcode recent} now.
   */
  recentWaits({ admitted }: Recent): { bounds: number[]; counts: number[] } {
    return { bounds: BAR_BOUNDS, counts: admitted.counts(BAR_BOUNDS) };
  }

  /** How many were turned away, when they came or later. */
  get rejectedTotal(): number {
    return Object.values(this.rejected).reduce((sum, count) => sum + count, 0);
  }

  /** How many of those with a place are being connected to an upstream. */
  get #connecting(): number {
    if (this.upstreams.length === 0) return 0;
    let count = 0;
    for (const { holder } of this.#parts.pool.clients("connected")) {
      if (holder?.joined === false) count++;
    }
    return count;
  }

  #secondsSince(moment: number): number {
    return (this.#parts.clock.now() - moment) / 1000;
  }
}

/** @returns Why some upstreams are down, each by its name. */
export function whyDown(upstreams: readonly Upstream[]): string {
  return upstreams.map(({ address, down }) => `${address}: ${down}`).join("; ");
}

function quantiles(times: Times): Quantiles {
  const rounded = (value: number | undefined) => value === undefined ? null : seconds(value);
  return {
    count: times.count,
    p50: rounded(times.quantile(0.5)),
    p90: rounded(times.quantile(0.9)),
    p99: rounded(times.quantile(0.99)),
    longest: rounded(times.longest),
  };
}
