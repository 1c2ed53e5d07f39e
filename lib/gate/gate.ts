/**
 * The gate: accepts connections, and ends them when poolgate ends. What becomes of each meanwhile
 * is told elsewhere.
 *
 * @module
 */

import { AcceptLog } from "../io/accept_log.ts";
import type { Clock } from "../io/clock.ts";
import { LinkedList } from "../io/linked_list.ts";
import type { Note } from "../io/log.ts";
import type { Accept, Arrival, Listener } from "../io/socket.ts";
import type { Traffic } from "../pool/client.ts";
import type { Pool } from "../pool/pool.ts";
import { Connection, type OpenSession } from "./connection.ts";
import type { Ending } from "./ending.ts";
import { noteFault } from "./fault.ts";
import { Lifecycle, type LifecycleParts } from "./lifecycle.ts";
import { type ListeningOptions, listeningText } from "./listening_text.ts";

/** How long until accepting is tried again that has failed, or was held back, in milliseconds. */
const ACCEPT_RETRY_MS = 100;

/**
 * How much longer than the drain timeout an upstream may go on whose client was ended by it, or
 * before, in milliseconds. No place is given to anybody any more; it is for what the upstream has
 * under way to end well, and short, since a supervisor that waits for the end kills in the end.
 */
export const DRAIN_LINGER_MS = 1000;

/** What a {@linkcode Gate} works with. */
export interface GateParts {
  listener: Listener;
  pool: Pool;
  /** The time that the pool is told, in milliseconds. */
  now: () => number;
  openSession: OpenSession;
  /** Until when connections that come first are left to the kernel. Never rejects. */
  ready?: Promise<void> | undefined;
  /** Whether connections that come are left to the kernel for now. */
  holdsBack: () => boolean;
  clock: Clock;
  note: Note;
  options: ListeningOptions & LifecycleParts["options"];
}

/** Accepts connections. */
export class Gate {
  #parts: GateParts;
  #lifecycle: Lifecycle;
  /** All that are open, in order of arrival. */
  #connections = new LinkedList<Connection>();
  #traffic = { received: 0, sent: 0 };
  readonly #acceptLog: AcceptLog;
  #draining = false;
  #emptied = Promise.withResolvers<void>();

  constructor(parts: GateParts) {
    this.#parts = parts;
    this.#acceptLog = new AcceptLog(parts.clock, parts.note, "accepting connections");
    this.#lifecycle = new Lifecycle({
      ...parts,
      draining: () => this.#draining,
      closed: (connection) => this.#closed(connection),
    });
  }

  /** Where connections arrive. */
  get address(): string {
    return this.#parts.listener.address;
  }

  /** What has gone over all connections. */
  get traffic(): Readonly<Traffic> {
    return this.#traffic;
  }

  /** Whether it accepts no more connections. */
  get draining(): boolean {
    return this.#draining;
  }

  /**
   * Accepts connections until {@linkcode drain}, and resolves when the last is closed. Called once.
   */
  async run(): Promise<void> {
    const { listener, note, pool, options, ready } = this.#parts;
    note("info", listeningText(this.address, pool.limits, options));
    if (ready !== undefined) await ready;
    await Promise.all(listener.accepts.map((accept) => this.#accept(accept)));
    if (this.#connections.length > 0) await this.#emptied.promise;
    this.#lifecycle.end();
  }

  /**
   * Accepts no more connections, rejects those that wait, and closes those that have a place when
   * they have not ended within the drain timeout, and their upstreams {@linkcode DRAIN_LINGER_MS}
   * later.
   */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    const { listener, clock, note, options: { drainTimeoutMs } } = this.#parts;
    listener.close();
    this.#acceptLog.end();
    const limit = drainTimeoutMs === 0 ? "" : ` for ${drainTimeoutMs / 1000} s at most`;
    note("info", `draining: those that wait are turned away, those with a place may go on${limit}`);
    for (const connection of this.#connections) {
      const { state } = connection.client;
      if (state === "queued" || state === "asking") this.#end(connection, "draining");
    }
    if (drainTimeoutMs === 0) return;
    clock.after(drainTimeoutMs, () => {
      for (const connection of this.#connections) this.#end(connection, "drain_timeout");
      clock.after(DRAIN_LINGER_MS, () => {
        for (const connection of this.#connections) this.#cut(connection);
      });
    });
  }

  /** Ends one of many. Never throws, so that the others end, too. */
  #end(connection: Connection, ending: Ending): void {
    try {
      connection.end(ending);
    } catch (error) {
      noteFault(this.#parts.note, error);
    }
  }

  /** Closes the upstream of one of many. Never throws, as {@linkcode #end}. */
  #cut({ session }: Connection): void {
    try {
      session.closeUpstream();
    } catch (error) {
      noteFault(this.#parts.note, error);
    }
  }

  async #accept(accept: Accept): Promise<void> {
    const { clock, holdsBack } = this.#parts;
    const pause = () => new Promise<void>((resolve) => clock.after(ACCEPT_RETRY_MS, resolve));
    while (!this.#draining) {
      if (holdsBack()) {
        await pause();
        continue;
      }
      try {
        const arrival = await accept();
        this.#acceptLog.accepted();
        this.#serve(arrival);
      } catch (error) {
        if (this.#draining) break;
        this.#acceptLog.failed(error);
        await pause();
      }
    }
  }

  /** Serves one connection. Never throws, so that no fault there counts as one of accepting. */
  #serve(arrival: Arrival): void {
    let connection: Connection;
    try {
      connection = new Connection(
        arrival,
        this.#traffic,
        this.#parts.openSession,
        (connection) => this.#lifecycle.enter(connection, arrival),
      );
    } catch (error) {
      noteFault(this.#parts.note, error);
      return this.#close(arrival);
    }
    this.#connections.push(connection);
    this.#lifecycle.live(connection);
  }

  /** Closes one that has no session. Never throws. */
  #close({ socket }: Arrival): void {
    try {
      socket.close();
    } catch (error) {
      noteFault(this.#parts.note, error);
    }
  }

  #closed(connection: Connection): void {
    this.#connections.remove(connection);
    if (this.#draining && this.#connections.length === 0) this.#emptied.resolve();
  }
}
