/**
 * Why a connection is rejected, as sentences for those who are, and why one is evicted, for
 * operators.
 *
 * @module
 */

import type { EvictReason, RejectReason } from "../pool/client.ts";

/** Each reason as a sentence, without counts: it is read by strangers. */
export const REASON_TEXT: Readonly<Record<RejectReason, string>> = {
  backlog_full: "too many connections, and the queue is full",
  queue_timeout: "too many connections, and no place became free in time",
  per_source: "too many connections from this address",
  waiting_per_source: "too many connections from this address wait already",
  draining: "the service is shutting down",
  upstream_down: "the service cannot be reached",
  paused: "paused by an operator",
  cluster_down: "the service cannot say whether there is a place",
};

/** Each reason of an eviction, as a sentence. */
export const EVICT_TEXT: Readonly<Record<EvictReason, string>> = {
  idle_timeout: "it has been silent for too long",
  max_lifetime: "it has had its place for as long as it may",
  cluster_lost: "the lease is lost, and its place may be given to another",
};
