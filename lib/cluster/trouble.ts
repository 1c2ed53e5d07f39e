/**
 * What befalls a gate of a shared pool: since when and why it may let nobody in, and what operators
 * are told of it, each thing once. Knows no client.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import { showSeconds } from "../io/figures.ts";
import type { Note } from "../io/log.ts";
import type { Counts } from "../pool/client.ts";
import type { ResyncReason, WhenLost } from "../pool/pool.ts";
import type { Told } from "./link.ts";

const RESYNC_TEXT: Readonly<Record<ResyncReason, string>> = {
  fenced: "other gates had taken this one for dead",
  empty: "Redis had lost the pool",
  behind: "Redis had lost its last changes",
};

/** The trouble of one gate. */
export class Trouble {
  #clock: Clock;
  #note: Note;
  #leaseLost = 0;
  /** Since when the gate may let nobody in; `undefined` where it may. */
  #since: number | undefined;
  #why: string | undefined = "not connected yet";
  /** Whether operators have been told of that. */
  #told = false;

  /** A gate that is not connected yet. */
  constructor(clock: Clock, note: Note) {
    this.#clock = clock;
    this.#note = note;
    this.#since = clock.now();
  }

  /** For how long the gate may let nobody in, in milliseconds. */
  get ms(): number {
    const now = this.#clock.now();
    return now - (this.#since ?? now);
  }

  /** Why it may not, as far as is known. */
  get why(): string | undefined {
    return this.#why;
  }

  /** How often the lease was lost. */
  get leaseLostTotal(): number {
    return this.#leaseLost;
  }

  /** The connection is gone, or could not be opened. */
  disconnected(reason: string): void {
    this.#why = reason;
    if (this.#told) return;
    this.#begin();
    const fields = { event: "cluster_down", reason };
    this.#note("warn", `Redis is away, nobody is let in until it is back: ${reason}`, fields);
  }

  /** The lease is over; to be told of before anything is done about it. */
  leaseIsOver(): void {
    this.#leaseLost++;
    this.#why ??= "the lease was not renewed in time";
    this.#begin();
  }

  /** @param count How many clients had a place when the lease was over. */
  noteLostLease(lost: WhenLost, count: number): void {
    const many = `${count} client${count === 1 ? "" : "s"}`;
    const keep = count === 1 ? "keeps its place" : "keep their places";
    const outcome = lost === "cut" ? `cut ${many}` : `${many} ${keep}`;
    const cut = lost === "cut" ? count : 0;
    const fields = { event: "lease_lost", kept: count - cut, cut };
    this.#note("warn", `the lease is lost, nobody is let in: ${outcome}`, fields);
  }

  /**
   * The gate may let clients in.
   *
   * @param own How many of its clients are in the pool.
   */
  end(own: Counts): void {
    const { ms } = this;
    this.#since = undefined;
    this.#why = undefined;
    if (!this.#told) return;
    this.#told = false;
    const fields = { event: "cluster_up", down_ms: Math.round(ms), ...own };
    this.#note("info", `Redis is back after ${showSeconds(ms, 1)}: ${amount(own)}`, fields);
  }

  /** This gate has made the pool, which lets nobody in for so long. */
  poolCreated(heldMs: number): void {
    const seconds = Number((heldMs / 1000).toFixed(1));
    const text = `the pool is new: nobody is let in for ${seconds} s, other gates may hold places`;
    this.#note("info", text, { event: "pool_created", held_ms: heldMs });
  }

  /** The gate has told anew what it holds. */
  registered(reason: ResyncReason, counts: Counts): void {
    const fields = { event: "registered", reason, ...counts };
    this.#note("warn", `${RESYNC_TEXT[reason]}: registered anew, ${amount(counts)}`, fields);
  }

  /** Other gates were found dead. */
  reaped(gates: Told["reaped"]): void {
    for (const { name, ...counts } of gates) {
      const fields = { event: "gate_reaped", gate: name, ...counts };
      this.#note("warn", `the gate "${name}" is gone, reaped: ${amount(counts)}`, fields);
    }
  }

  #begin(): void {
    this.#told = true;
    this.#since ??= this.#clock.now();
  }
}

function amount({ active, queued }: Counts): string {
  return `${active} ${active === 1 ? "place" : "places"}, ${queued} waiting`;
}
