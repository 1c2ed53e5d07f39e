/**
 * One connection that has arrived: who it is, its socket, and whether it is in the pool. Knows neither the pool nor
 * what is spoken on it.
 *
 * @module
 */

import type { Links } from "./backlog.ts";
import type { Deadline } from "./deadlines.ts";
import { Intake } from "./intake.ts";
import type { Connected, Counts } from "./pool.ts";
import type { ByteWriter } from "./outlet.ts";
import type { Follower, Traffic } from "./roster.ts";
import type { Session } from "./session.ts";
import type { Arrival, Socket } from "./socket.ts";

/** Who is to be told of a connection. */
export interface Keeper {
  /** What has gone over all its connections. */
  readonly traffic: Traffic;
  /** It was let in. */
  promoted(connection: Connection, counts: Counts): void;
  /** It was taken out of the pool by somebody else. */
  dismissed(connection: Connection): void;
  /** Its client has hung up. */
  hungUp(connection: Connection): void;
}

/** A connection at the gate. */
export class Connection implements Links, Follower, Traffic, ByteWriter {
  before: this | undefined;
  after: this | undefined;
  /** What the pool knows it by. */
  readonly id: string;
  readonly arrival: Arrival;
  /** Its bytes; the only way to read its socket. */
  readonly intake: Intake;
  /** Where it stood when it arrived. */
  standing!: Connected;
  /** Whether it is in the pool, connected or waiting. */
  inPool = false;
  /** Its wait for a place, while that lasts. */
  wait: Deadline<Connection> | undefined;
  /** What is spoken on it. */
  session!: Session;
  received = 0;
  sent = 0;
  #keeper: Keeper;
  #closed = false;
  #onClose: (() => void) | undefined;

  constructor(id: string, arrival: Arrival, keeper: Keeper) {
    this.id = id;
    this.arrival = arrival;
    this.intake = new Intake(arrival.socket);
    this.#keeper = keeper;
  }

  get socket(): Socket {
    return this.arrival.socket;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get traffic(): Traffic {
    return this;
  }

  /** Counts bytes that its client has sent. */
  countReceived(bytes: number): void {
    this.received += bytes;
    this.#keeper.traffic.received += bytes;
  }

  /** Counts bytes that its client was sent. */
  countSent(bytes: number): void {
    this.sent += bytes;
    this.#keeper.traffic.sent += bytes;
  }

  /** Sends some bytes, counted. */
  async write(bytes: Uint8Array): Promise<number> {
    const length = await this.socket.write(bytes);
    this.countSent(length);
    return length;
  }

  promoted(counts: Counts): void {
    this.#keeper.promoted(this, counts);
  }

  dismissed(): void {
    this.#keeper.dismissed(this);
  }

  /** Tells that the client has hung up. */
  hungUp(): void {
    this.#keeper.hungUp(this);
  }

  /** Closes its socket, whatever goes on there. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.socket.close();
    this.#onClose?.();
  }

  /** Has `action` called when it is closed; a second one takes the place of the first. */
  onClose(action: () => void): void {
    this.#onClose = action;
    if (this.#closed) action();
  }
}
