/**
 * A client's record: what is known of it, kept once. The pool alone writes it; everyone else looks.
 *
 * @module
 */

import type { Entry } from "../io/id_table.ts";
import type { Links } from "../io/linked_list.ts";

/** How many clients are connected and how many wait. */
export interface Counts {
  active: number;
  queued: number;
}

/** Why a client is rejected, when it comes or after a wait. */
export const REJECT_REASONS = [
  "backlog_full",
  "queue_timeout",
  "per_source",
  "waiting_per_source",
  "draining",
  "upstream_down",
  "paused",
  "gate_paused",
  "cluster_down",
] as const;
export type RejectReason = typeof REJECT_REASONS[number];

/**
 * Why nobody is let in, whatever room there is. Of several, the first is the one that clients are
 * told who are rejected for it.
 *
 * - `paused`: an operator has paused the pool, for all who share it.
 * - `gate_paused`: an operator has paused this process alone.
 * - `upstream_down`: what clients of this process are joined to takes no connections.
 */
export const PAUSE_REASONS = [
  "paused",
  "gate_paused",
  "upstream_down",
] as const satisfies RejectReason[];
export type PauseReason = typeof PAUSE_REASONS[number];

/**
 * Why a client is evicted that nobody has asked to: for a limit of time, how long it is silent or
 * has its place; or since its place may be another's, where those who share the pool are cut off.
 */
export const EVICT_REASONS = ["idle_timeout", "max_lifetime", "cluster_lost"] as const;
export type EvictReason = typeof EVICT_REASONS[number];

/**
 * Where a client stands. One that is `asking` is in the pool, which will answer later; a pool in
 * memory answers at once. One that was `rejected`, or has `left`, is in the pool no more.
 */
export type State = "asking" | "connected" | "queued" | "rejected" | "left";

/** Bytes that have gone over a connection, or over several. */
export interface Traffic {
  /** From the client. */
  received: number;
  /** To the client. */
  sent: number;
}

/** Whoever came with a client. The pool knows nothing of it but how to tell it to look. */
export interface Holder {
  /**
   * The client's record has changed, and not by a call of the holder's own. Called before the call
   * that caused it returns; what the holder does about it, it does later. What it throws keeps
   * nobody else from being told.
   */
  changed(client: Client): void;
  /**
   * Whether it has something to end before its place is another's: evicted from a place, the client
   * stays `connected`, with the reason `evicted`, until the holder has it leave.
   */
  readonly leavesLater?: boolean;
  /** What has gone over the client's connection, where it has one. */
  readonly traffic?: Traffic;
  /** The address that the client came from, where it has one. */
  readonly source?: string | undefined;
  /** Whether the client is joined to what it came for, where there is something of the kind. */
  readonly joined?: boolean | undefined;
  /**
   * Whether it is no client at all, but somebody of our own who needs a place for a moment: it
   * counts as active while it has that, is in no total, and no observer is told. It may wait beyond
   * the backlog, which is longer by it meanwhile, also while it has its place.
   */
  readonly uncounted?: boolean;
}

/** One client. Its `counts` are those at its last change, or when it asked again. */
export interface Client extends Entry, Links, Counts {
  readonly id: string;
  readonly holder: Holder | undefined;
  state: State;
  /**
   * Why it was rejected, or evicted, which is `evicted` where somebody asked for that, also while
   * it has yet to leave.
   */
  reason: RejectReason | EvictReason | "evicted" | undefined;
  /** When it came into its state, in milliseconds of the clock of whoever calls the pool. */
  since: number;
  /** How long it waited in the backlog, in milliseconds, once that is over. */
  waited: number;
}

/** Whether a client is in the pool, and so has to leave it. */
export function isInPool({ state }: Client): boolean {
  return state === "connected" || state === "queued" || state === "asking";
}

/** Whether a client is connected. */
export function hasPlace({ state }: Client): boolean {
  return state === "connected";
}
