/**
 * A pool whose answers come later, and out of order, as those of a server would: the calls reach
 * it in their order, each some turns of the event loop later; what it has to say of each client,
 * and what a disconnect did, comes some turns after that, in an order that a seed decides. So a
 * promotion may overtake the answer "queued", and a client may leave before it has an answer.
 * What an answer has caused is told right behind it.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import {
  type Client,
  type Counts,
  type EvictReason,
  type Holder,
  isInPool,
  type PauseReason,
  type RejectReason,
  type State,
} from "../../lib/pool/client.ts";
import { Later } from "../../lib/pool/later.ts";
import type { Limits } from "../../lib/pool/limits.ts";
import { MemoryPool } from "../../lib/pool/memory_pool.ts";
import type {
  Configured,
  Description,
  Disconnected,
  Observer,
  Pool,
  Stats,
} from "../../lib/pool/pool.ts";
import { raise } from "./raise.ts";
import { Random } from "./random.ts";

/** What is said of a client: its record as it was at the server when that was sent. */
type News = Pick<Client, "state" | "reason" | "since" | "waited" | "active" | "queued">;

/** One client of this process. */
interface Facing {
  record: Client;
  /** Its record at the server, once the connect has reached that. */
  at: Client | undefined;
  /** Whether it has to leave as soon as it has its answer. */
  evicted: boolean;
}

/** States only follow each other in this order: what comes too late says nothing new. */
const ORDER: readonly State[] = ["asking", "queued", "connected", "rejected", "left"];

/** A pool that answers later. */
export class LatePool implements Pool {
  /** The truth, which a test may change behind the back of this process, as another one would. */
  readonly server: MemoryPool;
  #failed: (error: unknown) => void;
  #random: Random;
  #calls: (() => void)[] = [];
  #messages: (() => void)[] = [];
  /** What the call that is carried out at present has caused, where it is one with an answer. */
  #caused: (() => void)[] | undefined;
  #turning = false;
  /** Everyone who has not left, nor been told to. */
  #present = new Map<string, Facing>();
  /** Those and all who have not been answered yet, in the order of their arrival. */
  #known = new Set<Facing>();
  #observers: Observer[] = [];

  /**
   * @param seed What decides when, and in which order, things are told.
   * @param failed Told what observers and holders throw; by default, that fails the test.
   */
  constructor(limits: Limits, seed: number, failed: (error: unknown) => void = raise) {
    this.#failed = failed;
    this.server = new MemoryPool(limits, raise);
    this.#random = new Random(seed);
    this.server.observe({
      configured: (before, after) =>
        this.#send(() => {
          for (const observer of this.#observers) {
            this.#tell(() => observer.configured?.(before, after));
          }
        }),
      paused: (paused) =>
        this.#send(() => {
          for (const observer of this.#observers) this.#tell(() => observer.paused?.(paused));
        }),
    });
  }

  /** Whether anything is still under way, to the server or back. */
  get busy(): boolean {
    return this.#calls.length + this.#messages.length > 0;
  }

  get limits(): Limits {
    return this.server.limits;
  }

  get own(): Counts {
    const count = (state: State) => [...this.clients(state)].length;
    return { active: count("connected"), queued: count("queued") };
  }

  get hasRoom(): boolean {
    return this.server.hasRoom;
  }

  get full(): boolean {
    return this.server.full;
  }

  get paused(): boolean {
    return this.server.paused;
  }

  stats(): Stats {
    return this.server.stats();
  }

  describe(): Description {
    return { gates: [], cluster: undefined };
  }

  find(id: string): Client | undefined {
    return this.#present.get(id)?.record;
  }

  *clients(state: State): Iterable<Client> {
    for (const { record } of [...this.#known]) if (record.state === state) yield record;
  }

  connect(id: string, holder: Holder | undefined, now: number): Client {
    const present = this.#present.get(id);
    if (present !== undefined) return Object.assign(present.record, this.server.own);
    const facing = this.#newFacing(id, holder, now);
    this.#present.set(id, facing);
    this.#known.add(facing);
    this.#call(() => {
      const changed = (at: Client) => this.#sendNews(facing, at);
      const { uncounted = false } = holder ?? {};
      facing.at = this.server.connect(id, { changed, uncounted }, now);
      this.#sendNews(facing, facing.at);
    });
    return facing.record;
  }

  reject(id: string, reason: RejectReason, now: number, holder?: Holder): Client {
    const { record } = this.#newFacing(id, holder, now);
    this.#call(() => this.server.reject(id, reason, now));
    Object.assign(record, { state: "rejected", reason });
    this.#show(record, "asking", 0);
    return record;
  }

  leave(client: Client, now: number, reason?: RejectReason | EvictReason): void {
    if (!isInPool(client)) throw new Error(`BUG: a client that is ${client.state} cannot leave`);
    const facing = [...this.#known].find(({ record }) => record === client);
    if (facing === undefined) throw new Error("BUG: a client of another pool cannot leave");
    this.#leave(facing, now, reason ?? client.reason);
    // Where it was to be evicted, that is under way.
    if (!facing.evicted) this.#call(() => this.#leaveServer(facing, now, reason));
  }

  disconnect(id: string, now: number): Later<Disconnected> | undefined {
    const facing = this.#present.get(id);
    if (facing === undefined) return undefined;
    const { record } = facing;
    if (record.state === "connected" && record.holder?.leavesLater) return this.#haveLeave(record);
    facing.evicted = true;
    if (record.state === "asking") this.#present.delete(id);
    else this.#evict(facing, now);
    return this.#ask(() => {
      const { at } = facing;
      const gone = at === undefined || !isInPool(at);
      return gone ? undefined : this.server.disconnect(id, now);
    }, () => this.#nobodyPromoted());
  }

  configure(limits: Partial<Limits>, now: number): Later<Configured> {
    return this.#ask(
      () => this.server.configure(limits, now),
      () => ({ promoted: 0, ...this.own }),
    );
  }

  pause(reason: PauseReason): Later<Configured> {
    return this.#ask(
      () => ({ promoted: 0, ...this.server.pause(reason) }),
      () => ({ promoted: 0, ...this.own }),
    );
  }

  resume(reason: PauseReason, now: number): Later<Configured> {
    return this.#ask(
      () => this.server.resume(reason, now),
      () => ({ promoted: 0, ...this.own }),
    );
  }

  observe(observer: Observer): void {
    this.#observers.push(observer);
  }

  #newFacing(id: string, holder: Holder | undefined, now: number): Facing {
    const record: Client = {
      ...{ id, holder, state: "asking", reason: undefined, since: now, waited: 0 },
      ...{ hash: 0, chained: undefined, before: undefined, after: undefined },
      ...this.server.own,
    };
    return { record, at: undefined, evicted: false };
  }

  #leaveServer({ at }: Facing, now: number, reason?: RejectReason | EvictReason): void {
    if (at !== undefined && isInPool(at)) this.server.leave(at, now, reason);
  }

  #sendNews(facing: Facing, at: Client): void {
    const { state, reason, since, waited, active, queued } = at;
    this.#send(() => this.#hear(facing, { state, reason, since, waited, active, queued }));
  }

  #hear(facing: Facing, news: News): void {
    const { record, evicted } = facing;
    const { state: from, since } = record;
    if (ORDER.indexOf(news.state) <= ORDER.indexOf(from)) return;
    // Known already; what the connect came to is still to be told.
    if (evicted && news.state === "left") return;
    Object.assign(record, news);
    if (!isInPool(record)) this.#forget(facing);
    this.#show(record, from, record.since - since);
    this.#tell(() => record.holder?.changed(record));
    // Its holder has been told what the connect came to; now it is told that this is over.
    if (evicted && isInPool(record)) this.#evict(facing, record.since);
  }

  /** Tells one that leaves later to do so, once: the server hears of it when it has. */
  #haveLeave(record: Client): Later<Disconnected> {
    if (record.reason === undefined) {
      record.reason = "evicted";
      this.#tell(() => record.holder?.changed(record));
    }
    return this.#ask(() => this.#nobodyPromoted(), () => this.#nobodyPromoted());
  }

  #nobodyPromoted(): Disconnected {
    return { promoted: null, ...this.server.own };
  }

  #evict(facing: Facing, now: number): void {
    this.#leave(facing, now, "evicted");
    const { record } = facing;
    this.#tell(() => record.holder?.changed(record));
  }

  #leave(facing: Facing, now: number, reason: Client["reason"]): void {
    const { record } = facing;
    const { state: from, since } = record;
    this.#forget(facing);
    if (from !== "connected") record.waited = now - since;
    Object.assign(record, { state: "left", reason, since: now });
    this.#show(record, from, now - since);
  }

  #forget(facing: Facing): void {
    this.#known.delete(facing);
    const { id } = facing.record;
    if (this.#present.get(id) === facing) this.#present.delete(id);
  }

  #show(client: Client, from: State, ms: number): void {
    if (client.holder?.uncounted) return;
    for (const observer of this.#observers) {
      this.#tell(() => observer.changed?.(client, from, ms));
    }
  }

  #tell(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Asks the server for something, and says later what that came to. */
  #ask<T>(call: () => T | undefined, otherwise: () => T): Later<T> {
    const answer = new Later<T>();
    this.#call(() => {
      const caused: (() => void)[] = this.#caused = [];
      const value = call() ?? otherwise();
      this.#caused = undefined;
      this.#send(() => {
        answer.settle(value);
        for (const message of caused) message();
      });
    });
    return answer;
  }

  #call(action: () => void): void {
    this.#calls.push(action);
    this.#turnLater();
  }

  #send(message: () => void): void {
    (this.#caused ?? this.#messages).push(message);
    this.#turnLater();
  }

  #turnLater(): void {
    if (this.#turning) return;
    this.#turning = true;
    setImmediate(() => this.#turn());
  }

  /** Tells some of what is to be told, then takes some of the calls. */
  #turn(): void {
    this.#turning = false;
    // A message that throws is the fault of who hears it: the others are told all the same.
    if (this.busy) this.#turnLater();
    const random = this.#random;
    for (let some = random.below(this.#messages.length + 1); some > 0; some--) {
      this.#messages.splice(random.below(this.#messages.length), 1)[0]?.();
    }
    for (let some = random.below(this.#calls.length + 1); some > 0; some--) this.#calls.shift()?.();
  }
}
