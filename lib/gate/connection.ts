/**
 * One connection: what its life needs to know, and the signals that may reach it from elsewhere.
 * What becomes of it is told by {@linkcode Lifecycle}.
 *
 * @module
 */

import type { Links } from "../io/linked_list.ts";
import type { Arrival } from "../io/socket.ts";
import type { Timeout } from "../io/timeouts.ts";
import {
  type Client,
  hasPlace,
  type Holder,
  type RejectReason,
  type Traffic,
} from "../pool/client.ts";
import { ClientSide } from "./client_side.ts";
import type { Ending } from "./ending.ts";
import type { Session } from "./session.ts";

/** Makes the session of a connection, which is in the making itself: it may be kept, not used. */
export type OpenSession = (connection: Connection) => Session;

/** A connection, in the gate's list of those that are open. */
export class Connection implements Links, Holder {
  before: this | undefined;
  after: this | undefined;
  readonly arrival: Arrival;
  readonly side: ClientSide;
  readonly session: Session;
  /** What the pool knows of it. */
  readonly client: Client;
  /** Its wait for a place, from when it has to. */
  wait: Timeout<Connection> | undefined;
  /** Whether it has been told that it is queued. */
  toldQueued = false;
  /** Since when it has had its place, in milliseconds of the pool's clock. */
  servedSince: number | undefined;
  /** The source that it counts for, while it is in the pool. */
  countedFor: string | undefined;
  /** The source that it counts for among those that wait, while it does. */
  waitsFor: string | undefined;
  #signal: (() => void) | undefined;
  #ending: Ending | undefined;

  /**
   * @param all What has gone over all connections, to be counted along.
   * @param openSession Makes its session.
   * @param enter Asks the pool for a place.
   */
  constructor(
    arrival: Arrival,
    all: Traffic,
    openSession: OpenSession,
    enter: (holder: Connection) => Client,
  ) {
    this.arrival = arrival;
    this.side = new ClientSide(arrival.socket, all, this);
    this.session = openSession(this);
    this.client = enter(this);
  }

  get traffic(): Traffic {
    return this.side;
  }

  get source(): string | undefined {
    return this.arrival.source;
  }

  get joined(): boolean | undefined {
    return this.session.joined;
  }

  get leavesLater(): boolean {
    return this.session.leavesLater;
  }

  /** How it is to end, once that is so; the first to say so decides. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** Resolves at the next signal: then the record, or the ending, is worth a look. */
  signal(): Promise<void> {
    return new Promise((resolve) => this.#signal = resolve);
  }

  /** Ends it, whatever it does at the moment. */
  end(ending: Ending): void {
    this.#ending ??= ending;
    if (!this.#wake()) this.session.interrupt(ending);
  }

  /** Ends it before anything goes on in its session. */
  refuse(reason: RejectReason): void {
    this.#ending ??= reason;
  }

  /** The pool has changed the record, and not on behalf of this connection. */
  changed({ reason }: Client): void {
    if (reason !== undefined) this.end(reason);
    else this.#wake();
  }

  hungUp(): void {
    // For one with a place, an end behind bytes is a request; for one that waits, it is a hang-up.
    if (hasPlace(this.client) && this.side.input.endedBehindBytes) return;
    this.end("finished");
  }

  kept(): void {
    this.session.kept?.(waits(this));
  }

  heldFull(): void {
    this.session.heldFull();
  }

  /** @returns Whether somebody waited for a signal. */
  #wake(): boolean {
    const signal = this.#signal;
    this.#signal = undefined;
    signal?.();
    return signal !== undefined;
  }
}

/** Whether a connection has neither a place nor an end yet. */
export function waits({ client, ending }: Connection): boolean {
  return ending === undefined && (client.state === "queued" || client.state === "asking");
}
