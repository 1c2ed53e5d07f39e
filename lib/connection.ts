/**
 * One connection that has arrived: who it is, its socket, and what has been decided about its wait. Knows neither the
 * pool nor what is spoken on it.
 *
 * @module
 */

import type { Links } from "./backlog.ts";
import type { Deadline } from "./deadlines.ts";
import type { RejectReason } from "./farewell.ts";
import { Intake } from "./intake.ts";
import type { Counts } from "./pool.ts";
import type { Arrival, Socket } from "./socket.ts";

/** How a wait ended: with a place, with a reason to be turned away, or because the client is no longer there. */
export type Verdict = { promoted: Counts } | RejectReason | "gone";

/** A connection at the gate. */
export class Connection implements Links {
  before: this | undefined;
  after: this | undefined;
  /** What the pool knows it by. */
  readonly id: string;
  readonly arrival: Arrival;
  readonly socket: Socket;
  /** Its bytes; the only way to read its socket. */
  readonly intake: Intake;
  /** Whether it is in the pool, connected or waiting. */
  inPool = false;
  /** Its wait for a place, as far as that has a limit. */
  wait: Deadline | undefined;
  #closed = false;
  #onClose: (() => void) | undefined;
  #verdict = Promise.withResolvers<Verdict>();

  constructor(id: string, arrival: Arrival) {
    this.id = id;
    this.arrival = arrival;
    this.socket = arrival.socket;
    this.intake = new Intake(arrival.socket);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** How its wait ends. */
  get verdict(): Promise<Verdict> {
    return this.#verdict.promise;
  }

  /** Ends its wait. Only the first verdict counts. */
  decide(verdict: Verdict): void {
    this.#verdict.resolve(verdict);
  }

  /** Closes its socket, whatever goes on there, and ends its wait. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.socket.close();
    this.decide("gone");
    this.#onClose?.();
  }

  /** Has `action` called when it is closed. */
  onClose(action: () => void): void {
    this.#onClose = action;
    if (this.#closed) action();
  }
}
