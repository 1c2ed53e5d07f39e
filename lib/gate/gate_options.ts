/**
 * What a gate runs with. How it is read from the command line is for others to know.
 *
 * @module
 */

import type { Address } from "../io/address.ts";
import type { HealthRules } from "./health.ts";
import type { ProxyProtocol } from "./proxy_protocol.ts";
import { SERVICE_NAMES, type ServiceName } from "./services/services.ts";

/**
 * How a rejected connection is told: not at all, by a message of the pool, or as a service would.
 */
export type RejectFormat = "close" | "line" | ServiceName;
export const REJECT_FORMATS: readonly RejectFormat[] = ["close", "line", ...SERVICE_NAMES];

/** How an upstream is checked of which it is known what it speaks. */
export interface CheckSettings extends HealthRules {
  /** How often, while it is up, in milliseconds. */
  intervalMs: number;
  /** What is asked for over HTTP, from its `/` on. */
  path: string;
  /** The status that is expected over HTTP; `undefined` for any below 500. */
  status: number | undefined;
}

/**
 * Which of several upstreams takes the next connection, of those that are up: the one with the
 * fewest, or the first.
 */
export const UPSTREAM_ORDERS = ["least", "first"] as const;
export type UpstreamOrder = typeof UPSTREAM_ORDERS[number];

/** What becomes of those that wait at a signal to end: they keep their turn, or are rejected. */
export const DRAIN_QUEUES = ["wait", "reject"] as const;
export type DrainQueue = typeof DRAIN_QUEUES[number];

/** The settings of a gate. A time of 0 is no limit. */
export interface GateOptions {
  listen: Address;
  /** Whether others may listen there as well, if they also say so. */
  reusePort: boolean;
  /** What admitted connections are joined to; none where holding the connection is all. */
  upstreams: readonly Address[];
  /** Which of several takes the next connection. */
  upstreamOrder: UpstreamOrder;
  /** What that speaks; `undefined` where nothing is to be known of it. */
  service: ServiceName | undefined;
  check: CheckSettings;
  /** How long a connection may wait for a place, in milliseconds. */
  queueTimeoutMs: number;
  /** How long an admitted connection waits for the upstream to answer, in milliseconds. */
  connectTimeoutMs: number;
  /** How long a connection that has a place may be silent, in milliseconds. */
  idleTimeoutMs: number;
  /**
   * How long the upstream may take to end once its client has gone, in milliseconds; 0 for no time
   * at all.
   */
  upstreamLingerMs: number;
  /** How long a connection may keep its place, in milliseconds. */
  maxLifetimeMs: number;
  /** How long connections may go on after a signal to end, in milliseconds. */
  drainTimeoutMs: number;
  drainQueue: DrainQueue;
  rejectAs: RejectFormat;
  /** How many connections of one source may be in the pool and its backlog, from 1. */
  maxPerSource: number | undefined;
  /** How many of these may be in the backlog, from 1. */
  maxWaitingPerSource: number | undefined;
  /** How many leading bits of an IPv6 address name its source, 1 to 128. */
  sourcePrefixV6: number;
  proxyProtocol: ProxyProtocol | undefined;
  /** Whether each connection is noted. */
  logConnections: boolean;
}
