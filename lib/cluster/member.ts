/**
 * A client of this gate: its record, and how it stands with the server.
 *
 * @module
 */

import type { Client, Holder } from "../pool/client.ts";
import type { StepEntry } from "./outbox.ts";

/** A client as a shared pool keeps it. */
export interface Member extends Client {
  /** What the server calls it, together with the gate. */
  readonly n: number;
  /** Its turn among those that wait, once it has one. */
  ticket: number | undefined;
  /** Its join, until that has been answered. */
  join: StepEntry | undefined;
  /** Whether it has to leave as soon as its holder has been told what it asked for. */
  evicted: boolean;
}

/** @returns A client that asks for a place. */
export function newMember(
  n: number,
  id: string,
  hash: number,
  holder: Holder | undefined,
  now: number,
): Member {
  return {
    n,
    id,
    hash,
    holder,
    state: "asking",
    reason: undefined,
    since: now,
    waited: 0,
    active: 0,
    queued: 0,
    chained: undefined,
    before: undefined,
    after: undefined,
    ticket: undefined,
    join: undefined,
    evicted: false,
  };
}
