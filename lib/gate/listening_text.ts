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
  | "upstream"
  | "queueTimeoutMs"
  | "connectTimeoutMs"
  | "idleTimeoutMs"
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
  const { upstream } = options;
  const to = upstream === undefined ? "" : `, for ${showAddress(upstream)}`;
  const terms = [
    `max-connections ${maxConnections}`,
    `backlog-size ${backlogSize}`,
    ...timeouts(options).filter(([, ms]) => ms > 0).map(([flag, ms]) =>
      `${flag} ${showDuration(ms)}`
    ),
    `reject-as ${options.rejectAs}`,
  ];
  return `listening at ${address}${to} (${terms.join(", ")})`;
}

/** The timeouts that there are, each in milliseconds. */
function timeouts(options: ListeningOptions): [string, number][] {
  const { queueTimeoutMs, connectTimeoutMs, idleTimeoutMs, drainTimeoutMs } = options;
  const ofUpstream: [string, number][] = options.upstream === undefined ? [] : [
    ["connect-timeout", connectTimeoutMs],
    ["upstream-linger", options.upstreamLingerMs],
  ];
  return [
    ["queue-timeout", queueTimeoutMs],
    ...ofUpstream,
    ["idle-timeout", idleTimeoutMs],
    ["drain-timeout", drainTimeoutMs],
  ];
}
