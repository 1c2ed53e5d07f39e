/**
 * The gate: takes connections, finds them a place in the pool or a wait for one, and gives the place back, once, when
 * they are over. What is spoken on a connection is its session's.
 *
 * @module
 */

import { Backlog } from "./backlog.ts";
import type { Clock } from "./clock.ts";
import { Connection } from "./connection.ts";
import { Deadlines } from "./deadlines.ts";
import { REASON_TEXT, type RejectReason } from "./farewell.ts";
import type { GateOptions } from "./gate_options.ts";
import type { Level } from "./log.ts";
import type { Connected } from "./pool.ts";
import type { Roster } from "./roster.ts";
import type { OpenSession, Session } from "./session.ts";
import type { Arrival, Listener } from "./socket.ts";
import { Sources } from "./sources.ts";
import { Storm } from "./storm.ts";

/** How long a client that is out of the pool may take to end, in milliseconds, so that it hears the last word. */
export const LINGER_MS = 1000;

/** How many such there may be at once; further ones are closed without a word. */
export const MAX_LINGERING = 1000;

/** How long after a failure to accept connections that is tried again, in milliseconds. */
const ACCEPT_RETRY_MS = 100;

/** What a {@linkcode Gate} works with. */
export interface GateParts {
  listener: Listener;
  roster: Roster;
  openSession: OpenSession;
  clock: Clock;
  /** Takes a note for the operator. */
  note: (level: Level, text: string) => void;
  options: Pick<
    GateOptions,
    "queueTimeoutMs" | "drainTimeoutMs" | "maxPerSource" | "logConnections"
  >;
}

/** How a connection was received. */
interface Entry {
  standing: Connected;
  refusal: RejectReason | undefined;
}

/** Lets connections in, or not. */
export class Gate {
  #parts: GateParts;
  /** All that are open, in order of arrival. */
  #connections = new Backlog<Connection>();
  #sources = new Sources();
  #waits: Deadlines;
  #lingers: Deadlines;
  #lingering = 0;
  #storm: Storm;
  #draining = false;
  #emptied = Promise.withResolvers<void>();

  constructor(parts: GateParts) {
    this.#parts = parts;
    this.#waits = new Deadlines(parts.clock, parts.options.queueTimeoutMs);
    this.#lingers = new Deadlines(parts.clock, LINGER_MS);
    this.#storm = new Storm(parts.clock, (text) => parts.note("warn", text));
  }

  /** Takes connections until {@linkcode drain}, and resolves when the last is closed. Called once. */
  async run(): Promise<void> {
    const { listener, note, clock } = this.#parts;
    let failing = false;
    while (!this.#draining) {
      try {
        const arrival = await listener.accept();
        if (failing) note("info", "accepting connections again");
        failing = false;
        this.#receive(arrival);
      } catch (error) {
        if (this.#draining) break;
        if (!failing) note("error", `accepting connections fails: ${(error as Error).message}`);
        failing = true;
        await new Promise<void>((resolve) => clock.after(ACCEPT_RETRY_MS, resolve));
      }
    }
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
    for (const connection of this.#connections) connection.decide("draining");
    if (drainTimeoutMs === 0) return;
    clock.after(drainTimeoutMs, () => {
      for (const connection of this.#connections) connection.close();
    });
  }

  async #receive(arrival: Arrival): Promise<void> {
    const { openSession, note } = this.#parts;
    const connection = new Connection(this.#idOf(arrival), arrival);
    this.#connections.push(connection);
    try {
      const session = openSession(connection);
      const { standing, refusal } = this.#enter(connection, session);
      const reason = refusal ?? await session.attend(standing);
      this.#leave(connection, reason);
      if (!connection.closed) await this.#part(connection, () => session.part(reason, standing));
    } catch (error) {
      note("error", `a connection met a fault of poolgate: ${error}`);
      this.#leave(connection, undefined);
    }
    connection.close();
    this.#connections.remove(connection);
    if (this.#draining && this.#connections.length === 0) this.#emptied.resolve();
  }

  /** A name that nobody in the pool has: a client of another way in may have taken a connection's. */
  #idOf({ name }: Arrival): string {
    let id = name;
    for (let next = 2; this.#parts.roster.has(id); next++) id = `${name}#${next}`;
    return id;
  }

  #enter(connection: Connection, session: Session): Entry {
    const { roster, options: { maxPerSource = Infinity } } = this.#parts;
    const { id, arrival: { source } } = connection;
    if (this.#draining) return { standing: roster.reject(), refusal: "draining" };
    if (source !== undefined && this.#sources.count(source) >= maxPerSource) {
      return { standing: roster.reject(), refusal: "per_source" };
    }
    const standing = roster.connect(id);
    if (standing.status === "rejected") return { standing, refusal: "backlog_full" };
    connection.inPool = true;
    if (source !== undefined) this.#sources.add(source);
    if (standing.status === "queued") {
      connection.wait = this.#waits.begin(() => connection.decide("queue_timeout"));
    }
    roster.follow(id, {
      promoted: (counts) => {
        this.#endWait(connection);
        this.#note(connection, "promoted");
        connection.decide({ promoted: counts });
      },
      dismissed: () => {
        this.#forget(connection);
        this.#note(connection, "disconnected by a request");
        session.dismiss();
      },
    });
    this.#note(connection, standing.status);
    return { standing, refusal: undefined };
  }

  #note({ id }: Connection, what: string): void {
    const { note, options: { logConnections } } = this.#parts;
    if (logConnections) note("info", `${id}: ${what}`);
  }

  /** Gives the place back, unless that has been done. */
  #leave(connection: Connection, reason: RejectReason | undefined): void {
    if (reason !== undefined && reason !== "draining") this.#storm.reject(reason);
    this.#note(connection, reason === undefined ? "left" : `turned away: ${REASON_TEXT[reason]}`);
    if (!connection.inPool) return;
    this.#forget(connection);
    this.#parts.roster.leave(connection.id);
  }

  #forget(connection: Connection): void {
    const { source } = connection.arrival;
    connection.inPool = false;
    if (source !== undefined) this.#sources.remove(source);
    this.#endWait(connection);
  }

  #endWait({ wait }: Connection): void {
    if (wait !== undefined) this.#waits.end(wait);
  }

  /** Gives the client time to hear the last word, unless too many are taking it. */
  async #part(connection: Connection, part: () => Promise<void>): Promise<void> {
    if (this.#lingering === MAX_LINGERING) return;
    this.#lingering++;
    const deadline = this.#lingers.begin(() => connection.close());
    // Where parting fails, nobody is left to hear it.
    await part().catch(() => {});
    this.#lingers.end(deadline);
    this.#lingering--;
  }
}
