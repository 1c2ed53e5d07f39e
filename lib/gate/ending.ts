/**
 * How a connection ends.
 *
 * @module
 */

import { REJECT_REASONS, type RejectReason } from "../pool/client.ts";

/**
 * How a connection ends: rejected for a reason; by the client, or its upstream, itself; evicted by
 * somebody; silent for too long; at the end of a drain; or by a fault of poolgate.
 */
export type Ending =
  | RejectReason
  | "finished"
  | "evicted"
  | "idle_timeout"
  | "drain_timeout"
  | "fault";

/** @returns The reason for which a connection was rejected that ended so, where it was. */
export function rejectReason(ending: Ending): RejectReason | undefined {
  return REJECT_REASONS.find((reason) => reason === ending);
}
