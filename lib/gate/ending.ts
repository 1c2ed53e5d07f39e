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
 * evicted because somebody asked for it; at the end of a drain; or by a fault of poolgate.
 */
export type Ending =
  | RejectReason
  | EvictReason
  | "finished"
  | "evicted"
  | "drain_timeout"
  | "fault";

/** @returns The reason for which a connection was rejected that ended so, where it was. */
export function rejectReason(ending: Ending): RejectReason | undefined {
  return REJECT_REASONS.find((reason) => reason === ending);
}

/** @returns The reason for which a connection was evicted that ended so, where it was. */
export function evictReason(ending: Ending): EvictReason | undefined {
  return EVICT_REASONS.find((reason) => reason === ending);
}
