/**
 * The gate: takes connections, finds them a place in the pool or a wait for one, and gives the place back, once, when
 * they are over. What is spoken on a connection is its session's.
 *
 * @module
 */

import { showAddress } from "./address.ts";
import { Backlog } from "./backlog.ts";
import type { Clock } from "./clock.ts";
import { Connection, type Keeper } from "./connection.ts";
import { Deadlines } from "./deadlines.ts";
import { REASON_TEXT, type RejectReason } from "./farewell.ts";
import type { GateOptions } from "./gate_options.ts";
import type { Note } from "./log.ts";
import type { Counts } from "./pool.ts";
import type { Roster, Traffic } from "./roster.ts";
import type { OpenSession } from "./session.ts";
import type { Accept, Arrival, Listener } from "./socket.ts";
import { Sources } from "./sources.ts";
import { Storm } from "./storm.ts";

/** How long a client that is out of the pool may take to end, in milliseconds, so that it hears the last word. */
export const LINGER_MS = 1000;

/** How many such there may be at once; further ones are closed at once, and hear it if they can. */
export const MAX_LINGERING = 1000;

/** How long until accepting is tried again that has failed, in milliseconds. */
const ACCEPT_RETRY_MS = 100;

/** What a {@linkcode Gate} works with. */
export interface GateParts {
  listener: Listener;
  roster: Roster;
  openSession: OpenSession;
  clock: Clock;
  note: Note;
  options: Pick<
    GateOptions,
    "upstream" | "queueTimeoutMs" | "drainTimeoutMs" | "maxPerSource" | "logConnections"
  >;
}

/** Lets connections in, or not. */
export class Gate {
  #parts: GateParts;
  /** All that are open, in order of arrival. */
  #connections = new Backlog<Connection>();
  #sources = new Sources();
  /** What has gone over all connections. */
  readonly traffic: Readonly<Traffic>;
  #keeper: Keeper;
  #waits: Deadlines<Connection>;
  #lingers: Deadlines<Connection>;
  #lingering = 0;
  #storm: Storm;
  /** Whether connections cannot be accepted, which has been noted. */
  #failing = false;
  #draining = false;
  #emptied = Promise.withResolvers<void>();

  constructor(parts: GateParts) {
    this.#parts = parts;
    const { clock, options } = parts;
    const traffic = { received: 0, sent: 0 };
    this.traffic = traffic;
    this.#keeper = {
      traffic,
      promoted: (connection, counts) => this.#promoted(connection, counts),
      dismissed: (connection) => this.#dismissed(connection),
      hungUp: (connection) => this.#endWait(connection, undefined),
    };
    this.#waits = new Deadlines(
      clock,
      options.queueTimeoutMs,
      (connection) => this.#endWait(connection, "queue_timeout"),
    );
    this.#lingers = new Deadlines(clock, LINGER_MS, (connection) => connection.close());
    this.#storm = new Storm(clock, (text) => parts.note("warn", text));
  }

  /** Where connections arrive. */
  get address(): string {
    return this.#parts.listener.address;
  }

  /** Whether it takes no more connections. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Takes connections until {@linkcode drain}, and resolves when the last is closed. Called once. */
  async run(): Promise<void> {
    const { listener, note, options: { upstream } } = this.#parts;
    const to = upstream === undefined ? "" : `, for ${showAddress(upstream)}`;
    note("info", `listening at ${this.address}${to}`);
    await Promise.all(listener.accepts.map((accept) => this.#take(accept)));
    if (this.#connections.length > 0) await this.#emptied.promise;
    this.#storm.end();
  }

  /**
   * Takes no more connections, turns away those that wait, and closes those that have a place when they have not ended
   * within the drain timeout.
   */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    const { listener, clock, note, options: { drainTimeoutMs } } = this.#parts;
    listener.close();
    const limit = drainTimeoutMs === 0 ? "" : ` for ${drainTimeoutMs / 1000} s at most`;
    note("info", `draining: those that wait are turned away, those with a place may go on${limit}`);
    for (const connection of this.#connections) this.#endWait(connection, "draining");
    if (drainTimeoutMs === 0) return;
    clock.after(drainTimeoutMs, () => {
      for (const connection of this.#connections) connection.close();
    });
  }

  async #take(accept: Accept): Promise<void> {
    const { note, clock } = this.#parts;
    while (!this.#draining) {
      try {
        const arrival = await accept();
        if (this.#failing) note("info", "accepting connections again");
        this.#failing = false;
        this.#receive(arrival);
      } catch (error) {
        if (this.#draining) break;
        if (!this.#failing) {
          note("error", `accepting connections fails: ${(error as Error).message}`);
        }
        this.#failing = true;
        await new Promise<void>((resolve) => clock.after(ACCEPT_RETRY_MS, resolve));
      }
    }
  }

  #receive(arrival: Arrival): void {
    const connection = new Connection(this.#idOf(arrival), arrival, this.#keeper);
    connection.session = this.#parts.openSession(connection);
    this.#connections.push(connection);
    const refusal = this.#enter(connection);
    if (refusal !== undefined) this.#finish(connection, refusal);
    else if (connection.wait === undefined) this.#serve(connection, undefined);
    else connection.session.hold();
  }

  /** A name that nobody in the pool has: a client of another way in may have taken a connection's. */
  #idOf({ name }: Arrival): string {
    let id = name;
    for (let next = 2; this.#parts.roster.has(id); next++) id = `${name}#${next}`;
    return id;
  }

  /** Asks the pool for a place, and returns why there is none, nor a wait for one. */
  #enter(connection: Connection): RejectReason | undefined {
    const { roster, options: { maxPerSource = Infinity } } = this.#parts;
    const { id, arrival: { source } } = connection;
    const refusal = this.#draining
      ? "draining"
      : source !== undefined && this.#sources.count(source) >= maxPerSource
      ? "per_source"
      : undefined;
    connection.standing = refusal === undefined ? roster.connect(id) : roster.reject(refusal);
    if (refusal !== undefined) return refusal;
    const { status } = connection.standing;
    if (status === "rejected") return "backlog_full";
    connection.inPool = true;
    roster.follow(id, connection);
    if (source !== undefined) this.#sources.add(source);
    if (status === "queued") connection.wait = this.#waits.begin(connection);
    this.#note(connection, status);
    return undefined;
  }

  async #serve(connection: Connection, promoted: Counts | undefined): Promise<void> {
    let reason: RejectReason | undefined;
    try {
      reason = await connection.session.serve(promoted);
    } catch (error) {
      this.#parts.note("error", `a connection met a fault of poolgate: ${error}`);
    }
    await this.#finish(connection, reason);
  }

  #promoted(connection: Connection, counts: Counts): void {
    if (!this.#stopWaiting(connection)) return;
    this.#note(connection, "promoted");
    // Whatever let it in is answered first.
    queueMicrotask(() => this.#serve(connection, counts));
  }

  #dismissed(connection: Connection): void {
    this.#forget(connection);
    this.#note(connection, "disconnected by a request");
    // The request may be its own: it is answered first.
    if (this.#stopWaiting(connection)) queueMicrotask(() => this.#finish(connection, undefined));
    else connection.session.dismiss();
  }

  /** Ends a wait without a place. */
  #endWait(connection: Connection, reason: RejectReason | undefined): void {
    if (this.#stopWaiting(connection)) this.#finish(connection, reason);
  }

  /** Returns whether the connection was waiting; it is not any more. */
  #stopWaiting(connection: Connection): boolean {
    const { wait } = connection;
    if (wait === undefined) return false;
    connection.wait = undefined;
    this.#waits.end(wait);
    return true;
  }

  async #finish(connection: Connection, reason: RejectReason | undefined): Promise<void> {
    this.#leave(connection, reason);
    if (!connection.closed) await this.#part(connection, reason);
    connection.close();
    this.#connections.remove(connection);
    if (this.#draining && this.#connections.length === 0) this.#emptied.resolve();
  }

  /** Gives the place back, unless that has been done. */
  #leave(connection: Connection, reason: RejectReason | undefined): void {
    if (reason !== undefined && reason !== "draining") this.#storm.reject(reason);
    this.#note(connection, reason === undefined ? "left" : `turned away: ${REASON_TEXT[reason]}`);
    if (!connection.inPool) return;
    this.#forget(connection);
    this.#parts.roster.leave(connection.id, reason);
  }

  #forget(connection: Connection): void {
    const { source } = connection.arrival;
    connection.inPool = false;
    if (source !== undefined) this.#sources.remove(source);
  }

  /** Says the last word, and gives the client time to hear it, unless too many are taking theirs. */
  async #part(connection: Connection, reason: RejectReason | undefined): Promise<void> {
    // Where parting fails, nobody is left to hear it.
    const parting = connection.session.part(reason).catch(() => {});
    if (this.#lingering === MAX_LINGERING) return;
    this.#lingering++;
    const deadline = this.#lingers.begin(connection);
    await parting;
    this.#lingers.end(deadline);
    this.#lingering--;
  }

  #note({ id }: Connection, what: string): void {
    const { note, options: { logConnections } } = this.#parts;
    if (logConnections) note("info", `${id}: ${what}`);
  }
}
