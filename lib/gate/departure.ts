/**
 * One connection's story, as it is told when that has left the pool: how long it waited and was
 * served, what went over it, who ended it and why. The text for people is made of the fields for
 * programs.
 *
 * @module
 */

import { showCount, showSeconds } from "../io/figures.ts";
import type { Connection } from "./connection.ts";
import { type CloseReason, type Ending, rejectReason } from "./ending.ts";
import { EVICT_TEXT, REASON_TEXT } from "./reason_text.ts";

/** Why a connection has left. */
type Reason = Exclude<Ending, "finished"> | CloseReason;

/** Who has ended it, or, of what poolgate ends, what for. */
type EndedBy =
  | "client"
  | "upstream"
  | "operator"
  | "idle"
  | "half_closed"
  | "lifetime"
  | "cluster"
  | "drain"
  | "poolgate";

/** The story of one connection. */
export type Departure = {
  /** `rejected` for one that was turned away, when it came or after a wait. */
  readonly event: "left" | "rejected";
  readonly client: string;
  /** The address that it came from; `null` where it had none. */
  readonly source: string | null;
  readonly ended_by: EndedBy;
  readonly reason: Reason;
  /** How long it waited for its place, in whole milliseconds. */
  readonly waited_ms: number;
  /** How long it had its place, in whole milliseconds. */
  readonly served_ms: number;
  /** Bytes from the client that were taken, but for those it sent when it was turned away. */
  readonly received: number;
  /** Bytes to the client, but for the words that it is turned away with. */
  readonly sent: number;
};

/** What the reasons of a departure mean that is no rejection. */
const ENDS: Readonly<
  Record<Exclude<Reason, keyof typeof REASON_TEXT>, readonly [by: EndedBy, text: string]>
> = {
  client_closed: ["client", "left: the client closed the connection"],
  client_reset: ["client", "left: the client's connection was reset"],
  client_disconnected: ["client", "left: the client gave its place back"],
  passed_on: ["client", "left: what it sent needs no place"],
  upstream_closed: ["upstream", "left: the upstream closed the connection"],
  upstream_reset: ["upstream", "left: the upstream's connection was reset"],
  evicted: ["operator", "disconnected by a request"],
  idle_timeout: ["idle", `evicted: ${EVICT_TEXT.idle_timeout}`],
  half_closed: ["half_closed", "evicted: the upstream has ended, and the client has not"],
  max_lifetime: ["lifetime", `evicted: ${EVICT_TEXT.max_lifetime}`],
  cluster_lost: ["cluster", `evicted: ${EVICT_TEXT.cluster_lost}`],
  drain_timeout: ["drain", "ended: the drain timeout is over"],
  fault: ["poolgate", "ended: by a fault of poolgate"],
};

/**
 * @param ending How the connection has ended, once it has left the pool.
 * @param now The time by the clock that the pool is told.
 * @returns Its story.
 */
export function departureOf(connection: Connection, ending: Ending, now: number): Departure {
  const { client, arrival, side, servedSince } = connection;
  const rejected = rejectReason(ending);
  const reason = reasonOf(ending, connection.session.closing);
  return {
    event: rejected === undefined ? "left" : "rejected",
    client: client.id,
    source: arrival.source ?? null,
    ended_by: isRejection(reason) ? rejecter(reason) : ENDS[reason][0],
    reason,
    waited_ms: Math.round(client.waited),
    served_ms: servedSince === undefined ? 0 : Math.round(now - servedSince),
    received: side.received,
    sent: side.sent,
  };
}

/** @returns It as a sentence. */
export function departureText(departure: Departure): string {
  const { client, reason, waited_ms: waited, served_ms: served, received, sent } = departure;
  const what = isRejection(reason) ? `turned away: ${REASON_TEXT[reason]}` : ENDS[reason][1];
  const times = `waited ${showSeconds(waited, 3)}, served ${showSeconds(served, 3)}`;
  const bytes = `received ${showCount(received)} bytes, sent ${showCount(sent)}`;
  return `${client}: ${what} (${times}, ${bytes})`;
}

function reasonOf(ending: Ending, closing: CloseReason | undefined): Reason {
  if (ending === "finished") return closing ?? "client_closed";
  // A client of the pool itself leaves by a request, as those do that an operator takes out.
  return ending === "evicted" && closing === "client_disconnected" ? closing : ending;
}

function isRejection(reason: Reason): reason is keyof typeof REASON_TEXT {
  return reason in REASON_TEXT;
}

function rejecter(reason: keyof typeof REASON_TEXT): EndedBy {
  if (reason === "upstream_down") return "upstream";
  if (reason === "cluster_down") return "cluster";
  return reason === "draining" ? "drain" : "poolgate";
}
