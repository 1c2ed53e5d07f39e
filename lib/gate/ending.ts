/**
 * How a connection ends.
 *
 * @module
 */

import {
  EVICT_REASONS,
  type EvictReason,
  REJECT_REASONS,
  type RejectReason,
} from "../pool/client.ts";

/**
 * How a connection ends: rejected or evicted for a reason; by the client, or its upstream, itself;
 * evicted because somebody asked for it, or because it was silent after the end of its upstream; at
 * the end of a drain; or by a fault of poolgate.
 */
export type Ending =
  | RejectReason
  | EvictReason
  | "finished"
  | "evicted"
  | "half_closed"
  | "drain_timeout"
  | "fault";

/**
 * How a connection was ended that was not ended by poolgate: which side closed it, or was reset,
 * before the other; a client of the pool gave its place back; or what it sent needs no place.
 */
export type CloseReason =
  | "client_closed"
  | "client_reset"
  | "client_disconnected"
  | "upstream_closed"
  | "upstream_reset"
  | "passed_on";

/** @returns The reason for which a connection was rejected that ended so, where it was. */
export function rejectReason(ending: Ending): RejectReason | undefined {
  return REJECT_REASONS.find((reason) => reason === ending);
}

/** @returns The reason for which a connection was evicted that ended so, where it was. */
export function evictReason(ending: Ending): EvictReason | undefined {
  if (ending === "half_closed") return "idle_timeout";
  return EVICT_REASONS.find((reason) => reason === ending);
}
