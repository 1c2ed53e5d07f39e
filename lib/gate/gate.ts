/**
 * The gate: accepts connections, and ends them when poolgate ends. What becomes of each meanwhile
 * is told elsewhere.
 *
 * @module
 */

import { AcceptLog } from "../io/accept_log.ts";
import { type Clock, delay } from "../io/clock.ts";
import { showDuration } from "../io/duration.ts";
import { showSeconds } from "../io/figures.ts";
import { LinkedList } from "../io/linked_list.ts";
import type { Note } from "../io/log.ts";
import type { Accept, Arrival, Listener } from "../io/socket.ts";
import type { Traffic } from "../pool/client.ts";
import type { Pool } from "../pool/pool.ts";
import { Connection, type OpenSession, waits } from "./connection.ts";
import type { Ending } from "./ending.ts";
import { noteFault } from "./fault.ts";
import type { GateOptions } from "./gate_options.ts";
import { Lifecycle, type LifecycleParts } from "./lifecycle.ts";
import { listeningFields, type ListeningOptions, listeningText } from "./listening_text.ts";

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
  /** Whether nobody is let in because the upstream is down. */
  upstreamDown: () => boolean;
  /** What a user may want to set otherwise; `undefined` where there is nothing to say. */
  advice?: string | undefined;
  clock: Clock;
  note: Note;
  options: ListeningOptions & Pick<GateOptions, "drainQueue"> & LifecycleParts["options"];
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
  /** Whether the listener is closed. */
  #refuses = false;
  /** When the drain began, by the clock, and when it is over; never without a limit. */
  #drainBegan = 0;
  #drainEnd = Infinity;
  #emptied = Promise.withResolvers<void>();

  constructor(parts: GateParts) {
    this.#parts = parts;
    this.#acceptLog = new AcceptLog(parts.clock, parts.note, "accepting connections");
    this.#lifecycle = new Lifecycle({
      ...parts,
      draining: () => this.#draining && (this.#rejectsQueue || this.#drainOver),
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

  /** How many were turned away in brief, since too many were answered until they went. */
  get cutShort(): number {
    return this.#lifecycle.cutShort;
  }

  /** Whether it accepts no more connections, and ends with the last. */
  get draining(): boolean {
    return this.#draining;
  }

  /**
   * How long a drain may still last, in milliseconds; `undefined` where none is under way, or it
   * has no limit.
   */
  get drainLeftMs(): number | undefined {
    if (this.#drainEnd === Infinity) return undefined;
    return Math.max(0, this.#drainEnd - this.#parts.clock.now());
  }

  get #drainOver(): boolean {
    return this.#parts.clock.now() >= this.#drainEnd;
  }

  get #rejectsQueue(): boolean {
    return this.#parts.options.drainQueue === "reject";
  }

  /**
   * Accepts connections until {@linkcode drain}, and resolves when the last is closed. Called once.
   */
  async run(): Promise<void> {
    const { listener, note, pool, options, ready, advice } = this.#parts;
    note("info", listeningText(this.address, pool.limits, options), {
      event: "listening",
      ...listeningFields(this.address, pool.limits, options),
    });
    if (advice !== undefined) note("info", advice, { event: "advice" });
    if (ready !== undefined) await ready;
    await Promise.all(listener.accepts.map((accept) => this.#accept(accept)));
    this.#refuses = true;
    if (this.#connections.length > 0) await this.#emptied.promise;
    this.#lifecycle.end();
    const ms = Math.round(this.#parts.clock.now() - this.#drainBegan);
    note("info", `drained in ${showSeconds(ms, 1)}`, { event: "drained", drained_ms: ms });
  }

  /**
   * Accepts no more connections. Those that have a place may go on, and those that wait keep their
   * turn, unless they are to be rejected: what is left of both when the drain timeout is over is
   * ended, and their upstreams {@linkcode DRAIN_LINGER_MS} later.
   */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#drainBegan = this.#parts.clock.now();
    const { listener, clock, note, options: { drainTimeoutMs } } = this.#parts;
    listener.close();
    this.#acceptLog.end();
    const queue = this.#rejectsQueue ? "are turned away" : "keep their turn";
    const limit = drainTimeoutMs === 0 ? "" : `, for ${showDuration(drainTimeoutMs)} at most`;
    note("info", `draining: those that wait ${queue}, those with a place may go on${limit}`, {
      event: "draining",
      clients: this.#connections.length,
      drain_timeout_ms: drainTimeoutMs,
    });
    if (this.#rejectsQueue) this.#rejectQueue();
    if (drainTimeoutMs === 0) return;
    this.#drainEnd = clock.now() + drainTimeoutMs;
    clock.after(drainTimeoutMs, () => this.#endDrain());
  }

  #rejectQueue(): void {
    for (const connection of this.#connections) {
      if (waits(connection)) this.#end(connection, "draining");
    }
  }

  /** Ends what is left, and says what that was. */
  #endDrain(): void {
    let [served, waited] = [0, 0];
    for (const connection of this.#connections) {
      const waiting = waits(connection);
      if (waiting) waited++;
      else if (connection.ending === undefined) served++;
      this.#end(connection, waiting ? "draining" : "drain_timeout");
    }
    this.#parts.clock.after(DRAIN_LINGER_MS, () => {
      for (const connection of this.#connections) this.#cut(connection);
    });
    if (served + waited === 0) return;
    const counts = `${served} with a place ended, ${waited} that waited turned away`;
    const fields = { event: "drain_timeout", ended: served, rejected: waited };
    this.#parts.note("warn", `the drain timeout is over: ${counts}`, fields);
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
    for (;;) {
      if (holdsBack()) {
        if (this.#draining) break;
        await delay(clock, ACCEPT_RETRY_MS);
        continue;
      }
      try {
        const arrival = await accept();
        this.#acceptLog.accepted();
        this.#serve(arrival);
      } catch (error) {
        if (this.#draining) break;
        this.#acceptLog.failed(error);
        await delay(clock, ACCEPT_RETRY_MS);
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
    if (this.#refuses && this.#connections.length === 0) this.#emptied.resolve();
  }
}
