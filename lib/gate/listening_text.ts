/**
 * What the operator is told of a gate that listens.
 *
 * @module
 */

import { showAddress } from "../io/address.ts";
import { showDuration } from "../io/duration.ts";
import type { Limits } from "../pool/limits.ts";
import type { GateOptions } from "./gate_options.ts";

/** The options that are told. */
export type ListeningOptions = Pick<
  GateOptions,
  | "upstreams"
  | "upstreamOrder"
  | "queueTimeoutMs"
  | "connectTimeoutMs"
  | "idleTimeoutMs"
  | "maxLifetimeMs"
  | "drainTimeoutMs"
  | "upstreamLingerMs"
  | "rejectAs"
>;

/** @returns Where connections are taken, and, by the names of their flags, on what terms. */
export function listeningText(
  address: string,
  { maxConnections, backlogSize }: Limits,
  options: ListeningOptions,
): string {
  const { upstreams, upstreamOrder } = options;
  const to = upstreams.length === 0 ? "" : `, for ${upstreams.map(showAddress).join(" and ")}`;
  const terms = [
    `max-connections ${maxConnections}`,
    `backlog-size ${backlogSize}`,
    ...timeouts(options).map(([flag, ms]) => `${flag} ${showDuration(ms)}`),
    ...(upstreams.length > 1 ? [`upstream-order ${upstreamOrder}`] : []),
    `reject-as ${options.rejectAs}`,
  ];
  return `listening at ${address}${to} (${terms.join(", ")})`;
}

/** The timeouts that are set, each in milliseconds. */
function timeouts(options: ListeningOptions): [string, number][] {
  const { queueTimeoutMs, connectTimeoutMs, idleTimeoutMs, drainTimeoutMs } = options;
  const joins = options.upstreams.length > 0;
  const limits: [string, number][] = [
    ["queue-timeout", queueTimeoutMs],
    ["connect-timeout", joins ? connectTimeoutMs : 0],
    ["idle-timeout", idleTimeoutMs],
    ["max-lifetime", options.maxLifetimeMs],
    ["drain-timeout", drainTimeoutMs],
  ];
  const set = limits.filter(([, ms]) => ms > 0);
  // There, 0 is no time, and not no limit.
  return joins ? [...set, ["upstream-linger", options.upstreamLingerMs]] : set;
}

/** @returns The same for programs. */
export function listeningFields(
  address: string,
  { maxConnections: max_connections, backlogSize: backlog_size }: Limits,
  { upstreams }: ListeningOptions,
) {
  const to = upstreams.length === 0 ? null : upstreams.map(showAddress).join(", ");
  return { address, upstream: to, max_connections, backlog_size };
}
