/**
 * The pool as all ways in share it: passes on what becomes of a client to whoever holds its place, since a
 * client that came one way may be let in, or taken out, by what happens on another. Decides nothing itself.
 *
 * @module
 */

import type { Links } from "./backlog.ts";
import { ClientTable, type Entry, hashOf } from "./client_table.ts";
import type { RejectReason } from "./farewell.ts";
import type {
  Configured,
  Connected,
  ConnectionPool,
  Counts,
  Disconnected,
  Limits,
  Stats,
  Status,
} from "./pool.ts";

/** Bytes that have gone over a connection, or over several. */
export interface Traffic {
  /** From the client. */
  received: number;
  /** To the client. */
  sent: number;
}

/** Whoever is to be told of one client. What it is told, it is told before the call that caused it returns. */
export interface Follower {
  /** The client was let in from the backlog. */
  promoted(counts: Counts): void;
  /** The client was taken out of the pool, and not by {@linkcode Roster.leave}. */
  dismissed(): void;
  /** What has gone over the client's connection, where it has one. */
  readonly traffic?: Traffic;
}

/** One client's stay in the pool, as the watcher keeps it. The roster only finds it again. */
export interface Stay extends Links {
  readonly id: string;
  active: boolean;
  /** When it came into this state, in milliseconds of the watcher's clock. */
  since: number;
  /** How long it has waited in the queue before, in milliseconds. */
  waitedMs: number;
}

/** Whoever is told of all that becomes of all clients, before anyone else is. */
export interface Watcher {
  /** A client that was not in the pool has a place now, or waits for one. */
  entered(id: string, status: "connected" | "queued"): Stay;
  /** One was turned away when it came. */
  rejected(reason: RejectReason): void;
  /** A client was let in from the backlog. */
  promoted(stay: Stay): void;
  /**
   * A client has left the pool, by itself where there is no reason.
   *
   * @param next The client that was let in for it.
   */
  left(stay: Stay, reason: RejectReason | undefined, next: Stay | undefined): void;
}

/** What is known of a client that somebody follows, or that is watched. */
interface Following extends Entry {
  follower: Follower | undefined;
  readonly stay: Stay | undefined;
}

/** A pool, and who is to be told of whom. */
export class Roster {
  #pool: ConnectionPool;
  #followings = new ClientTable<Following>();
  /** Told of each change of the limits, before anyone is told of the promotions that it caused. */
  onConfigure: ((before: Limits, after: Limits) => void) | undefined;
  /** Set before the first client comes, where there is one. */
  watcher: Watcher | undefined;

  /** @param pool The pool, which nobody else may change from now on. */
  constructor(pool: ConnectionPool) {
    this.#pool = pool;
  }

  /** As {@linkcode ConnectionPool.connect}. */
  connect(id: string): Connected {
    const done = this.#pool.connect(id);
    if (this.watcher !== undefined) this.#watch(this.watcher, id, done.status);
    return done;
  }

  /** As {@linkcode ConnectionPool.reject}. */
  reject(reason: RejectReason): Connected {
    this.watcher?.rejected(reason);
    return this.#pool.reject();
  }

  /** As {@linkcode ConnectionPool.full}. */
  get full(): boolean {
    return this.#pool.full;
  }

  /** As {@linkcode ConnectionPool.paused}. */
  get paused(): boolean {
    return this.#pool.paused;
  }

  /** As {@linkcode ConnectionPool.has}. */
  has(id: string): boolean {
    return this.#pool.has(id);
  }

  /** As {@linkcode ConnectionPool.stats}. */
  stats(): Stats {
    return this.#pool.stats();
  }

  /**
   * Tells `follower` of a client of the pool, until that leaves. Where somebody follows it already, nothing
   * changes: the first is told.
   */
  follow(id: string, follower: Follower): void {
    const hash = hashOf(id);
    const following = this.#followings.find(id, hash);
    if (following !== undefined) following.follower ??= follower;
    else this.#followings.add({ id, hash, follower, stay: undefined, chained: undefined });
  }

  /** What has gone over a client's connection; `undefined` where it has none, or is not in the pool. */
  trafficOf(id: string): Traffic | undefined {
    return this.#find(id)?.follower?.traffic;
  }

  /**
   * As {@linkcode disconnect}, for the client's own follower, which is not told of it.
   *
   * @param reason Why it is turned away, where it is.
   */
  leave(id: string, reason?: RejectReason): void {
    this.#disconnect(id, reason, false);
  }

  /** As {@linkcode ConnectionPool.disconnect}. */
  disconnect(id: string): Disconnected | undefined {
    return this.#disconnect(id, undefined, true);
  }

  /** @param tell Whether the client's follower is to be told. */
  #disconnect(
    id: string,
    reason: RejectReason | undefined,
    tell: boolean,
  ): Disconnected | undefined {
    const done = this.#pool.disconnect(id);
    // Where nobody follows, which is usual on stdin, look-ups would only cost the hashes of the ids.
    if (done === undefined || this.#followings.size === 0) return done;
    const gone = this.#find(id);
    const next = done.promoted === null ? undefined : this.#find(done.promoted);
    if (gone !== undefined) {
      const { follower, stay } = gone;
      this.#followings.remove(gone);
      gone.follower = undefined;
      if (stay !== undefined) this.watcher?.left(stay, reason, next?.stay);
      if (tell) follower?.dismissed();
    }
    next?.follower?.promoted(done);
    return done;
  }

  /** As {@linkcode ConnectionPool.configure}. */
  configure(limits: Limits): Configured {
    const { maxConnections, backlogSize } = this.#pool.stats();
    const done = this.#pool.configure(limits);
    this.onConfigure?.({ maxConnections, backlogSize }, limits);
    return this.#tell(done);
  }

  /** As {@linkcode ConnectionPool.pause}. */
  pause(): void {
    this.#pool.pause();
  }

  /** As {@linkcode ConnectionPool.resume}. */
  resume(): Configured {
    return this.#tell(this.#pool.resume());
  }

  #watch(watcher: Watcher, id: string, status: Status): void {
    if (status === "rejected") return watcher.rejected("backlog_full");
    const hash = hashOf(id);
    if (this.#followings.find(id, hash) !== undefined) return;
    const stay = watcher.entered(id, status);
    this.#followings.add({ id, hash, follower: undefined, stay, chained: undefined });
  }

  #tell(done: Configured): Configured {
    const followings = done.promoted.map((id) => this.#find(id));
    for (const following of followings) {
      if (following?.stay !== undefined) this.watcher?.promoted(following.stay);
    }
    for (const following of followings) following?.follower?.promoted(done);
    return done;
  }

  #find(id: string): Following | undefined {
    return this.#followings.find(id, hashOf(id));
  }
}
