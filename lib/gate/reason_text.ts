/**
 * Why a connection is rejected, as sentences for those who are, and why one is evicted, for
 * operators.
 *
 * @module
 */

import type { Client, EvictReason, RejectReason } from "../pool/client.ts";

/** Each reason as a sentence that is true of all who are rejected for it. */
export const REASON_TEXT: Readonly<Record<RejectReason, string>> = {
  backlog_full: "too many connections, and the queue is full",
  queue_timeout: "too many connections, and no place became free in time",
  per_source: "too many connections from this address",
  waiting_per_source: "too many connections from this address wait already",
  draining: "the service is shutting down",
  upstream_down: "the service cannot be reached",
  paused: "paused by an operator",
  gate_paused: "paused by an operator",
  cluster_down: "the service cannot say whether there is a place",
};

/** @returns Why one client is rejected: printable ASCII without quotes, 100 characters at most. */
export function rejectionWords(
  reason: RejectReason,
  { active, queued, waited }: Pick<Client, "active" | "queued" | "waited">,
): string {
  if (reason === "backlog_full" && active > 0) {
    const waiting = queued === 0
      ? "nobody may wait"
      : `${queued} ${queued === 1 ? "waits" : "wait"}`;
    return `full: ${active} ${active === 1 ? "is" : "are"} connected and ${waiting}`;
  }
  if (reason === "queue_timeout" && waited > 0) {
    return `no place became free in ${inWords(waited)}`;
  }
  return REASON_TEXT[reason];
}

/** A time in the words of people, to the second. */
function inWords(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const parts = [counted(minutes, "minute"), counted(seconds % 60, "second")];
  return parts.filter((part) => part !== "").join(" and ");
}

function counted(count: number, unit: string): string {
  return count === 0 ? "" : `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** The reasons that have nothing to do with how many there are. */
const NO_LIMITS: readonly RejectReason[] = ["draining", "upstream_down", "paused", "cluster_down"];

/** Whether a reason is that there are too many, by one count or another. */
export function isLimit(reason: RejectReason): boolean {
  return !NO_LIMITS.includes(reason);
}

/** Each reason of an eviction, as a sentence. */
export const EVICT_TEXT: Readonly<Record<EvictReason, string>> = {
  idle_timeout: "it has been silent for too long",
  max_lifetime: "it has had its place for as long as it may",
  cluster_lost: "the lease is lost, and its place may be given to another",
};
