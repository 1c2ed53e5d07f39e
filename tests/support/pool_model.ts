/**
 * The rules of the pool, written down as plainly as can be, and random operations to hold a pool to
 * them.
 *
 * @module
 */

import type { Client, Counts, PauseReason, RejectReason, State } from "../../lib/pool/client.ts";
import { PAUSE_REASONS, REJECT_REASONS } from "../../lib/pool/client.ts";
import type { Limits } from "../../lib/pool/limits.ts";
import type { Configured, Disconnected, Pool, Stats } from "../../lib/pool/pool.ts";
import { fc } from "./property.ts";

/** What a record says, apart from what ties it into the tables of its pool. */
export type Facts = Pick<
  Client,
  "id" | "state" | "reason" | "since" | "waited" | "active" | "queued"
>;

/** What somebody is told of a client, which says what its record says at that moment. */
export interface Told extends Facts {
  /** The first holder, by its number, or an observer. */
  to: number | "observer";
  /** What an observer hears beside that. */
  from?: State;
  ms?: number;
}

/** @returns What a record says. */
export function factsOf(client: Facts): Facts {
  const { id, state, reason, since, waited, active, queued } = client;
  return { id, state, reason, since, waited, active, queued };
}

/** What is done to a pool. */
export type Operation =
  | { type: "connect"; id: string; holder: number; leavesLater: boolean }
  | { type: "disconnect"; id: string }
  | { type: "leave"; id: string; reason: RejectReason | undefined }
  | { type: "reject"; reason: RejectReason }
  | { type: "configure"; limits: Partial<Limits> }
  | { type: "pause" | "resume"; pause: PauseReason }
  | { type: "pass"; ms: number };

const limits = { maxConnections: fc.nat(4), backlogSize: fc.nat(5) };

/** Small limits, so that they are met. */
export const anyLimits = fc.record(limits);

/** One of them, both or none. */
const someLimits: fc.Arbitrary<Partial<Limits>> = fc.record(limits, { requiredKeys: [] });

/** The clients there may be. */
export const IDS: readonly string[] = Array.from({ length: 12 }, (_, n) => `client-${n}`);

const id = fc.constantFrom(...IDS);
const holder = fc.nat(99);
const reason = fc.constantFrom(...REJECT_REASONS);
const type = <T extends string>(type: T) => fc.constant(type);

/** Any operation, those most often that come most often. */
export const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ type: type("connect"), id, holder, leavesLater: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ type: type("disconnect"), id }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: type("leave"),
      id,
      reason: fc.option(reason, { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: type("reject"), reason }) },
  { weight: 2, arbitrary: fc.record({ type: type("configure"), limits: someLimits }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom("pause" as const, "resume", "resume"),
      pause: fc.constantFrom(...PAUSE_REASONS),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: type("pass"), ms: fc.nat(5000) }) },
);

/** Many of them. */
export const anyOperations = fc.array(anyOperation, { maxLength: 120, size: "max" });

/** What an operation comes to: the record, what the pool says, or nothing. */
export type Outcome = Facts | Disconnected | Configured | Counts | "not in the pool" | undefined;

/** What is told of a client, and what becomes of it, as the rules have it. */
interface Modelled extends Facts {
  holder: number | undefined;
  leavesLater: boolean;
}

/** The rules of the pool. */
export class PoolModel {
  limits: Limits;
  now: number;
  connected: Modelled[] = [];
  queued: Modelled[] = [];
  pauses: readonly PauseReason[] = [];
  /** All that anybody has been told, in order. */
  told: Told[] = [];
  /** Whether it is paused by an operator, each time that an observer has been told. */
  toldPaused: boolean[] = [];
  totals = {
    connectedTotal: 0,
    queuedTotal: 0,
    promotedTotal: 0,
    rejectedTotal: 0,
    disconnectedTotal: 0,
  };

  constructor(limits: Limits, now: number) {
    this.limits = limits;
    this.now = now;
  }

  get counts() {
    return { active: this.connected.length, queued: this.queued.length };
  }

  /** Whether an operator has paused the pool. */
  get paused(): boolean {
    return this.pauses.includes("paused");
  }

  get full(): boolean {
    return this.#room === 0 && this.queued.length >= this.limits.backlogSize;
  }

  get stats(): Stats {
    return { ...this.limits, ...this.counts, ...this.totals };
  }

  find(id: string): Facts | undefined {
    return [...this.connected, ...this.queued].find((client) => client.id === id);
  }

  perform(operation: Operation): Outcome {
    switch (operation.type) {
      case "connect":
        return factsOf(this.#connect(operation));
      case "disconnect":
        return this.#disconnect(operation.id) ?? "not in the pool";
      case "leave": {
        const left = this.find(operation.id);
        return this.#remove(operation.id, operation.reason ?? left?.reason) && left &&
          factsOf(left);
      }
      case "reject":
        return factsOf(this.#reject(this.#new("rejected"), operation.reason));
      case "configure": {
        this.limits = { ...this.limits, ...operation.limits };
        return { promoted: this.#fill().length, ...this.counts };
      }
      case "pause":
        this.#pauseFor([...this.pauses, operation.pause]);
        return { ...this.counts };
      case "resume":
        this.#pauseFor(this.pauses.filter((pause) => pause !== operation.pause));
        return { promoted: this.#fill().length, ...this.counts };
      case "pass":
        this.now += operation.ms;
        return undefined;
    }
  }

  get #room(): number {
    const free = Math.max(this.limits.maxConnections - this.connected.length, 0);
    return this.pauses.length > 0 ? 0 : free;
  }

  #new(id: string, holder?: number, leavesLater = false): Modelled {
    const known = { since: this.now, waited: 0, ...this.counts };
    return { id, holder, leavesLater, state: "asking", reason: undefined, ...known };
  }

  #connect({ id, holder, leavesLater }: Operation & { type: "connect" }): Facts {
    const present = this.find(id);
    if (present !== undefined) return Object.assign(present, this.counts);
    const client = this.#new(id, holder, leavesLater);
    if (this.#room > 0) {
      this.connected.push(client);
      this.totals.connectedTotal++;
      client.state = "connected";
    } else if (this.queued.length < this.limits.backlogSize) {
      this.queued.push(client);
      this.totals.queuedTotal++;
      client.state = "queued";
    } else {
      // Where there are places, it is the pause that keeps it out.
      const free = this.connected.length < this.limits.maxConnections;
      const order = ["paused", "gate_paused", "upstream_down"] as const;
      const pause = order.find((reason) => this.pauses.includes(reason));
      return this.#reject(client, free && pause || "backlog_full");
    }
    this.#show(Object.assign(client, this.counts), "asking", 0);
    return client;
  }

  #reject(client: Modelled, reason: RejectReason): Facts {
    this.totals.rejectedTotal++;
    this.#show(Object.assign(client, { state: "rejected", reason }), "asking", 0);
    return client;
  }

  #disconnect(id: string): Disconnected | undefined {
    const client = this.connected.find((client) => client.id === id);
    if (!client?.leavesLater) {
      return this.#remove(id, "evicted", (client) => this.#tell(client));
    }
    if (client.reason === undefined) {
      Object.assign(client, { reason: "evicted", ...this.counts });
      this.#tell(client);
    }
    return { promoted: null, ...this.counts };
  }

  #remove(
    id: string,
    reason: Facts["reason"],
    tell: (client: Modelled) => void = () => {},
  ): Disconnected | undefined {
    const client = [...this.connected, ...this.queued].find((client) => client.id === id);
    if (client === undefined) return undefined;
    const { state: from, since } = client;
    const ms = this.now - since;
    const waited = from === "queued" ? ms : client.waited;
    Object.assign(client, { state: "left", reason, since: this.now, waited });
    this.connected = this.connected.filter((other) => other !== client);
    this.queued = this.queued.filter((other) => other !== client);
    this.totals.disconnectedTotal++;
    const [next] = this.#promote();
    this.#show(Object.assign(client, this.counts), from, ms);
    if (next !== undefined) this.#show(Object.assign(next, this.counts), "queued", next.waited);
    tell(client);
    if (next !== undefined) this.#tell(next);
    return { promoted: next?.id ?? null, ...this.counts };
  }

  #pauseFor(pauses: readonly PauseReason[]): void {
    const { paused } = this;
    this.pauses = pauses;
    if (this.paused !== paused) this.toldPaused.push(this.paused);
  }

  #fill(): Modelled[] {
    const promoted = this.#promote();
    for (const client of promoted) {
      this.#show(Object.assign(client, this.counts), "queued", client.waited);
    }
    for (const client of promoted) this.#tell(client);
    return promoted;
  }

  #promote(): Modelled[] {
    const promoted = this.queued.splice(0, this.#room);
    for (const client of promoted) {
      const waited = this.now - client.since;
      Object.assign(client, { state: "connected", since: this.now, waited });
    }
    this.connected.push(...promoted);
    this.totals.promotedTotal += promoted.length;
    return promoted;
  }

  #show(client: Modelled, from: State, ms: number): void {
    this.told.push({ to: "observer", from, ms, ...factsOf(client) });
  }

  #tell(client: Modelled): void {
    if (client.holder !== undefined) this.told.push({ to: client.holder, ...factsOf(client) });
  }
}

/** A pool that answers at once, to be held to a {@linkcode PoolModel}. */
export class PoolSubject {
  readonly pool: Pool;
  /** All that anybody has been told, in order. */
  told: Told[] = [];
  /** Whether it is paused by an operator, each time that an observer has been told. */
  toldPaused: boolean[] = [];
  #now: number;

  constructor(pool: Pool, now: number) {
    this.pool = pool;
    this.#now = now;
    pool.observe({
      changed: (client, from, ms) =>
        this.told.push({ to: "observer", from, ms, ...factsOf(client) }),
      paused: (paused) => this.toldPaused.push(paused),
    });
  }

  perform(operation: Operation): Outcome {
    const { pool } = this;
    const now = this.#now;
    switch (operation.type) {
      case "connect": {
        const { id, holder, leavesLater } = operation;
        const changed = (client: Client) => this.told.push({ to: holder, ...factsOf(client) });
        return factsOf(pool.connect(id, { changed, leavesLater }, now));
      }
      case "disconnect":
        return pool.disconnect(operation.id, now) as Disconnected | undefined ?? "not in the pool";
      case "leave": {
        const client = pool.find(operation.id);
        if (client === undefined) return undefined;
        pool.leave(client, now, operation.reason);
        return factsOf(client);
      }
      case "reject":
        return factsOf(pool.reject("rejected", operation.reason, now));
      case "configure":
        return pool.configure(operation.limits, now) as Configured;
      case "pause":
        return pool.pause(operation.pause) as Counts;
      case "resume":
        return pool.resume(operation.pause, now) as Configured;
      case "pass":
        this.#now += operation.ms;
        return undefined;
    }
  }
}
