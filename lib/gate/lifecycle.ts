/**
 * The life of a connection, from its arrival to its end. Nobody else gives its place back. What is
 * spoken meanwhile is its session's.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import type { Note } from "../io/log.ts";
import type { Arrival } from "../io/socket.ts";
import { Timeouts } from "../io/timeouts.ts";
import { type Client, hasPlace, isInPool, type RejectReason } from "../pool/client.ts";
import type { Pool } from "../pool/pool.ts";
import { type Connection, waits } from "./connection.ts";
import { departureOf, departureText } from "./departure.ts";
import { type Ending, evictReason, rejectReason } from "./ending.ts";
import { noteFault } from "./fault.ts";
import type { GateOptions } from "./gate_options.ts";
import { Goodbyes } from "./goodbyes.ts";
import { RejectionLog } from "./rejection_log.ts";
import { sourceOf, Sources } from "./sources.ts";

/** What a {@linkcode Lifecycle} works with. */
export interface LifecycleParts {
  pool: Pool;
  /** The time that the pool is told, in milliseconds. */
  now: () => number;
  clock: Clock;
  note: Note;
  options: Pick<
    GateOptions,
    | "queueTimeoutMs"
    | "maxLifetimeMs"
    | "maxPerSource"
    | "maxWaitingPerSource"
    | "sourcePrefixV6"
    | "logConnections"
  >;
  /** Whether those that still come are turned away because poolgate ends. */
  draining: () => boolean;
  /** Whether nobody is let in because the upstream is down. */
  upstreamDown: () => boolean;
  /** Told when a connection is closed, which is the last of it. */
  closed: (connection: Connection) => void;
}

/** Leads connections through their lives. */
export class Lifecycle {
  #parts: LifecycleParts;
  /** Those in the pool, and those of them that wait. */
  #sources = new Sources();
  #waitingSources = new Sources();
  #waits: Timeouts<Connection>;
  #lifetimes: Timeouts<Connection>;
  readonly #goodbyes: Goodbyes;
  readonly #rejections: RejectionLog;
  #cutShort = 0;

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
    const { clock, note, options } = parts;
    this.#waits = new Timeouts(
      clock,
      options.queueTimeoutMs,
      (connection) => connection.end(this.#whyWaited()),
    );
    this.#lifetimes = new Timeouts(
      clock,
      options.maxLifetimeMs,
      (connection) => connection.end("max_lifetime"),
    );
    this.#rejections = new RejectionLog(clock, note);
    this.#goodbyes = new Goodbyes(clock, () => {
      this.#cutShort++;
      this.#rejections.cutShort();
    });
  }

  /** How many of the rejected were not answered until they went, since too many were. */
  get cutShort(): number {
    return this.#cutShort;
  }

  /** Asks the pool for a place. */
  enter(connection: Connection, arrival: Arrival): Client {
    const { pool, now, draining, options: { maxPerSource = Infinity } } = this.#parts;
    const id = this.#idOf(arrival);
    if (draining()) return pool.reject(id, "draining", now(), connection);
    const source = this.#sourceOf(arrival);
    if (source === undefined) return pool.connect(id, connection, now());
    if (this.#sources.count(source) >= maxPerSource) {
      return pool.reject(id, "per_source", now(), connection);
    }
    if (!pool.hasRoom && !this.#mayWait(source)) {
      return pool.reject(id, "waiting_per_source", now(), connection);
    }
    const client = pool.connect(id, connection, now());
    if (isInPool(client)) {
      this.#sources.add(source);
      connection.countedFor = source;
    }
    return client;
  }

  /**
   * Tells what becomes of a connection that has asked for a place. Never rejects.
   *
   * Whoever waits is suspended here, so what is not needed meanwhile stands in functions of its
   * own.
   */
  async live(connection: Connection): Promise<void> {
    let ending: Ending = "fault";
    try {
      while (waits(connection)) {
        this.#hold(connection);
        if (waits(connection)) await connection.signal();
      }
      ending = connection.ending ?? await this.#serve(connection);
    } catch (error) {
      noteFault(this.#parts.note, error);
    } finally {
      await this.#end(connection, ending);
    }
  }

  /** Says what is still to say of those that were rejected. */
  end(): void {
    this.#rejections.end();
  }

  /**
   * A name that nobody in the pool has: a client of another way in may have taken a connection's.
   */
  #idOf({ name }: Arrival): string {
    let id = name;
    for (let next = 2; this.#parts.pool.find(id) !== undefined; next++) id = `${name}#${next}`;
    return id;
  }

  /** What an arrival counts as; `undefined` where that does not matter. */
  #sourceOf({ source }: Arrival): string | undefined {
    const { maxPerSource, maxWaitingPerSource, sourcePrefixV6 } = this.#parts.options;
    const limited = maxPerSource !== undefined || maxWaitingPerSource !== undefined;
    return limited && source !== undefined ? sourceOf(source, sourcePrefixV6) : undefined;
  }

  /** Why one is rejected whose time in the queue is up: no place was free, or none was given. */
  #whyWaited(): RejectReason {
    const { pool, upstreamDown } = this.#parts;
    const { cluster } = pool.describe();
    if (pool.paused) return "paused";
    if (cluster?.paused) return "gate_paused";
    if (upstreamDown()) return "upstream_down";
    return cluster?.up === false ? "cluster_down" : "queue_timeout";
  }

  /** Whether one more of a source may wait. */
  #mayWait(source: string): boolean {
    const { maxWaitingPerSource = Infinity } = this.#parts.options;
    return this.#waitingSources.count(source) < maxWaitingPerSource;
  }

  /** Has its hang-up seen and its time run, and tells it that it is queued, once that is known. */
  #hold(connection: Connection): void {
    const { client, session, countedFor: source } = connection;
    if (connection.wait === undefined) {
      connection.wait = this.#waits.begin(connection);
      session.hold();
    }
    if (client.state !== "queued" || connection.toldQueued) return;
    if (source !== undefined) {
      // A pool that answers later may have had room when it was asked.
      if (!this.#mayWait(source)) return connection.refuse("waiting_per_source");
      this.#waitingSources.add(source);
      connection.waitsFor = source;
    }
    connection.toldQueued = true;
    this.#note(connection, "queued");
    session.queued();
  }

  /** It waits no more. */
  #release(connection: Connection): void {
    const { wait, waitsFor: source } = connection;
    if (wait !== undefined) this.#waits.end(wait);
    if (source !== undefined) this.#waitingSources.remove(source);
    connection.waitsFor = undefined;
  }

  /**
   * Serves one that has a place, and returns how that ended; why there is none for one that has
   * not.
   */
  async #serve(connection: Connection): Promise<Ending> {
    const { client, session, toldQueued } = connection;
    this.#release(connection);
    if (!hasPlace(client)) return client.reason ?? "fault";
    connection.servedSince = this.#parts.now();
    this.#note(connection, toldQueued ? "promoted" : "connected");
    const lifetime = this.#lifetimes.begin(connection);
    try {
      const ending = await session.serve();
      // Whoever ended it from elsewhere knows better.
      return connection.ending ?? ending;
    } finally {
      this.#lifetimes.end(lifetime);
    }
  }

  /** Ends the upstream and waits for it, gives the place back, says goodbye, and closes. */
  async #end(connection: Connection, ending: Ending): Promise<void> {
    const { session, side } = connection;
    this.#release(connection);
    await this.#step(() => session.endUpstream());
    await this.#step(() => this.#leave(connection, ending));
    await this.#step(() => this.#sayGoodbye(connection, ending));
    await this.#step(() => session.finish?.());
    await this.#step(() => side.close());
    this.#parts.closed(connection);
  }

  /** Gives the place back, unless an eviction has. */
  #leave(connection: Connection, ending: Ending): void {
    const { client, countedFor: source } = connection;
    const rejected = rejectReason(ending);
    const evicted = evictReason(ending);
    try {
      if (source !== undefined) this.#sources.remove(source);
      if (isInPool(client)) this.#parts.pool.leave(client, this.#parts.now(), rejected ?? evicted);
    } finally {
      this.#tell(connection, ending, rejected);
    }
  }

  #tell(connection: Connection, ending: Ending, rejected: RejectReason | undefined): void {
    if (rejected !== undefined && rejected !== "draining") this.#rejections.reject(rejected);
    const { note, now, options: { logConnections } } = this.#parts;
    if (!logConnections) return;
    const departure = departureOf(connection, ending, now());
    note("info", departureText(departure), departure);
  }

  /** Tells the client, and gives it a bounded time to hear it. */
  async #sayGoodbye(connection: Connection, ending: Ending): Promise<void> {
    const { side, session } = connection;
    if (side.closed) return;
    const goodbye = this.#goodbyes.begin(side);
    const said = session.sayGoodbye(ending, goodbye).catch((error) => {
      // Where the socket has failed, nobody is left to hear it.
      if (!side.failed) noteFault(this.#parts.note, error);
    });
    goodbye.bound();
    try {
      await said;
    } finally {
      goodbye.end();
    }
  }

  /**
   * Takes a step of an ending: where it fails, the next one is taken all the same. Most steps are
   * over at once, and cost no promise.
   */
  #step(step: () => void | Promise<void>): void | Promise<void> {
    const failed = (error: unknown) => noteFault(this.#parts.note, error);
    try {
      const taken = step();
      if (taken !== undefined) return taken.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #note({ client, arrival }: Connection, event: "queued" | "promoted" | "connected"): void {
    const { note, options: { logConnections } } = this.#parts;
    if (!logConnections) return;
    const { id, waited } = client;
    const fields = { client: id, source: arrival.source ?? null, waited_ms: Math.round(waited) };
    note("info", `${id}: ${event}`, { event, ...fields });
  }
}
