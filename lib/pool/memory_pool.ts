/**
 * The pool of one process. Everything is known at once. However long the backlog is, an operation
 * takes the same few steps for each client that it moves, also when one leaves from the middle;
 * only when the table of clients doubles or halves, now and then, does one step take time for all.
 *
 * @module
 */

import { hashOf, IdTable } from "../io/id_table.ts";
import { LinkedList } from "../io/linked_list.ts";
import {
  type Client,
  type Counts,
  type EvictReason,
  type Holder,
  PAUSE_REASONS,
  type PauseReason,
  type RejectReason,
  type State,
} from "./client.ts";
import type { Limits } from "./limits.ts";
import type { Configured, Description, Disconnected, Observer, Pool, Stats } from "./pool.ts";

/**
 * A pool of `maxConnections` places with a backlog of `backlogSize` before it.
 *
 * Nobody waits while a place is free and the pool is not paused: each operation that frees places
 * fills them before it returns.
 */
export class MemoryPool implements Pool {
  #limits: Limits;
  #failed: (error: unknown) => void;
  /** Everyone in the pool, connected or waiting. */
  #clients = new IdTable<Client>();
  #connected = new LinkedList<Client>();
  #backlog = new LinkedList<Client>();
  #observers: Observer[] = [];
  /** How many of them are uncounted. */
  #uncounted = 0;
  #pauses = new Set<PauseReason>();
  /** The first of the pauses, while there are any: each connect looks at it. */
  #paused: PauseReason | undefined;
  #connectedTotal = 0;
  #queuedTotal = 0;
  #promotedTotal = 0;
  #rejectedTotal = 0;
  #disconnectedTotal = 0;

  /**
   * Starts empty.
   *
   * @param limits The limits to begin with.
   * @param failed Told what an observer or a holder throws that is told something: the others are
   *   told all the same, and the operation is done. Must not throw.
   */
  constructor({ maxConnections, backlogSize }: Limits, failed: (error: unknown) => void) {
    this.#failed = failed;
    this.#limits = { maxConnections, backlogSize };
  }

  get limits(): Limits {
    return this.#limits;
  }

  get own(): Counts {
    return { active: this.#connected.length, queued: this.#backlog.length };
  }

  get full(): boolean {
    return !this.hasRoom && !this.#mayWait();
  }

  get hasRoom(): boolean {
    return this.#paused === undefined && !this.#isFull();
  }

  get paused(): boolean {
    return this.#pauses.has("paused");
  }

  stats(): Stats {
    return {
      ...this.#limits,
      ...this.own,
      connectedTotal: this.#connectedTotal,
      queuedTotal: this.#queuedTotal,
      promotedTotal: this.#promotedTotal,
      rejectedTotal: this.#rejectedTotal,
      disconnectedTotal: this.#disconnectedTotal,
    };
  }

  describe(): Description {
    return { gates: [], cluster: undefined };
  }

  find(id: string): Client | undefined {
    return this.#clients.find(id, hashOf(id));
  }

  clients(state: "connected" | "queued"): Iterable<Client> {
    return state === "connected" ? this.#connected : this.#backlog;
  }

  connect(id: string, holder: Holder | undefined, now: number): Client {
    const hash = hashOf(id);
    const present = this.#clients.find(id, hash);
    if (present !== undefined) return this.#count(present);
    const client = newClient(id, hash, holder, now);
    const uncounted = holder?.uncounted ?? false;
    if (this.hasRoom) {
      client.state = "connected";
      this.#connected.push(client);
      if (!uncounted) this.#connectedTotal++;
    } else if (uncounted || this.#mayWait()) {
      client.state = "queued";
      this.#backlog.push(client);
      if (!uncounted) this.#queuedTotal++;
    } else {
      return this.#reject(client, this.#isFull() ? "backlog_full" : this.#paused ?? "backlog_full");
    }
    if (uncounted) this.#uncounted++;
    this.#clients.add(client);
    this.#count(client);
    if (this.#observers.length > 0) this.#show(client, "asking", 0);
    return client;
  }

  reject(id: string, reason: RejectReason, now: number, holder?: Holder): Client {
    return this.#reject(newClient(id, 0, holder, now), reason);
  }

  leave(client: Client, now: number, reason?: RejectReason | EvictReason): void {
    this.#remove(client, now, reason ?? client.reason, false);
  }

  disconnect(id: string, now: number): Disconnected | undefined {
    const client = this.#clients.find(id, hashOf(id));
    if (client === undefined) return undefined;
    const { state, holder } = client;
    return state === "connected" && holder?.leavesLater
      ? this.#evict(client)
      : this.#remove(client, now, "evicted", true);
  }

  configure(limits: Partial<Limits>, now: number): Configured {
    const before = this.#limits;
    const { maxConnections = before.maxConnections, backlogSize = before.backlogSize } = limits;
    this.#limits = { maxConnections, backlogSize };
    this.#tellObservers((observer) => observer.configured?.(before, this.#limits));
    const promoted = this.#fill(now);
    return { promoted, ...this.own };
  }

  pause(reason: PauseReason): Counts {
    this.#changePauses(() => this.#pauses.add(reason));
    return this.own;
  }

  resume(reason: PauseReason, now: number): Configured {
    this.#changePauses(() => this.#pauses.delete(reason));
    const promoted = this.#fill(now);
    return { promoted, ...this.own };
  }

  observe(observer: Observer): void {
    this.#observers.push(observer);
  }

  #changePauses(change: () => void): void {
    const { paused: before } = this;
    change();
    this.#paused = PAUSE_REASONS.find((reason) => this.#pauses.has(reason));
    const { paused } = this;
    if (paused !== before) this.#tellObservers((observer) => observer.paused?.(paused));
  }

  /** Whether every place is taken. */
  #isFull(): boolean {
    return this.#connected.length >= this.#limits.maxConnections;
  }

  /** Whether there is room in the backlog. */
  #mayWait(): boolean {
    return this.#backlog.length < this.#limits.backlogSize + this.#uncounted;
  }

  #reject(client: Client, reason: RejectReason): Client {
    client.state = "rejected";
    client.reason = reason;
    this.#rejectedTotal++;
    this.#count(client);
    if (this.#observers.length > 0) this.#show(client, "asking", 0);
    return client;
  }

  /** Tells the holder of one that leaves later to have it leave, once. */
  #evict(client: Client): Disconnected {
    if (client.reason === undefined) {
      client.reason = "evicted";
      this.#tell(this.#count(client));
    }
    return { promoted: null, ...this.own };
  }

  /** @param evicted Whether the holder is told. */
  #remove(
    client: Client,
    now: number,
    reason: Client["reason"],
    evicted: boolean,
  ): Disconnected {
    const { state: from } = client;
    if (from !== "connected" && from !== "queued") {
      throw new Error(`BUG: a client that is ${from} cannot leave`);
    }
    this.#clients.remove(client);
    (from === "connected" ? this.#connected : this.#backlog).remove(client);
    if (client.holder?.uncounted) this.#uncounted--;
    else this.#disconnectedTotal++;
    const next = from === "connected" ? this.#promote(now) : undefined;
    const ms = now - client.since;
    if (from === "queued") client.waited = ms;
    client.state = "left";
    client.reason = reason;
    client.since = now;
    this.#count(client);
    if (this.#observers.length > 0) {
      this.#show(client, from, ms);
      if (next !== undefined) this.#show(next, "queued", next.waited);
    }
    if (evicted) this.#tell(client);
    if (next !== undefined) this.#tell(next);
    const { active, queued } = client;
    return { promoted: next === undefined ? null : next.id, active, queued };
  }

  /** Lets clients in from the backlog for as long as there is room, and tells when all are in. */
  #fill(now: number): number {
    const promoted: Client[] = [];
    for (let next = this.#promote(now); next !== undefined; next = this.#promote(now)) {
      promoted.push(next);
    }
    for (const client of promoted) {
      this.#count(client);
      this.#show(client, "queued", client.waited);
    }
    for (const client of promoted) this.#tell(client);
    return promoted.length;
  }

  /** Lets the head of the backlog in, if there is one and room for it. */
  #promote(now: number): Client | undefined {
    if (!this.hasRoom) return undefined;
    const client = this.#backlog.shift();
    if (client === undefined) return undefined;
    client.state = "connected";
    client.waited = now - client.since;
    client.since = now;
    this.#connected.push(client);
    if (!client.holder?.uncounted) this.#promotedTotal++;
    return this.#count(client);
  }

  #count(client: Client): Client {
    client.active = this.#connected.length;
    client.queued = this.#backlog.length;
    return client;
  }

  #show(client: Client, from: State, ms: number): void {
    if (client.holder?.uncounted) return;
    // No function for each client: a tenth of the pool's speed would go into making it.
    for (const observer of this.#observers) {
      try {
        observer.changed?.(client, from, ms);
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  #tellObservers(tell: (observer: Observer) => void): void {
    for (const observer of this.#observers) {
      try {
        tell(observer);
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  /** Tells the holder. */
  #tell(client: Client): void {
    try {
      client.holder?.changed(client);
    } catch (error) {
      this.#failed(error);
    }
  }
}

function newClient(id: string, hash: number, holder: Holder | undefined, now: number): Client {
  return {
    id,
    hash,
    holder,
    state: "asking",
    reason: undefined,
    since: now,
    waited: 0,
    active: 0,
    queued: 0,
    chained: undefined,
    before: undefined,
    after: undefined,
  };
}
