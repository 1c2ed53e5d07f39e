/**
 * Why a connection is rejected, as sentences for those who are.
 *
 * @module
 */

import type { RejectReason } from "../pool/client.ts";

/** Each reason as a sentence, without counts: it is read by strangers. */
export const REASON_TEXT: Readonly<Record<RejectReason, string>> = {
  backlog_full: "too many connections, and the queue is full",
  queue_timeout: "too many connections, and no place became free in time",
  per_source: "too many connections from this address",
  draining: "the service is shutting down",
  upstream_down: "the service cannot be reached",
};
