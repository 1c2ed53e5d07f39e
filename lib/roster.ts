/**
 * The pool as all ways in share it: passes on what becomes of a client to whoever holds its place, since a
 * client that came one way may be let in, or taken out, by what happens on another. Decides nothing itself.
 *
 * @module
 */

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

/** Whoever is told of all that becomes of all clients, before anyone else is. */
export interface Watcher {
  /** A client has asked for a place, perhaps not for the first time, and stands so now. */
  connected(id: string, status: Status): void;
  /** One was turned away without asking the pool. */
  rejectedFor(reason: RejectReason): void;
  /** A client was let in from the backlog. */
  promoted(id: string): void;
  /** A client has left the pool, by itself where there is no reason. */
  left(id: string, reason: RejectReason | undefined): void;
}

interface Following extends Entry {
  readonly follower: Follower;
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
    this.watcher?.connected(id, done.status);
    return done;
  }

  /** As {@linkcode ConnectionPool.reject}. */
  reject(reason: RejectReason): Connected {
    this.watcher?.rejectedFor(reason);
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
    if (this.#followings.find(id, hash) !== undefined) return;
    this.#followings.add({ id, hash, follower, chained: undefined });
  }

  /** What has gone over a client's connection; `undefined` where it has none, or is not in the pool. */
  trafficOf(id: string): Traffic | undefined {
    return this.#follower(id)?.traffic;
  }

  /**
   * As {@linkcode disconnect}, for the client's own follower, which is not told of it.
   *
   * @param reason Why it is turned away, where it is.
   */
  leave(id: string, reason?: RejectReason): void {
    this.#unfollow(id);
    this.#disconnect(id, reason);
  }

  /** As {@linkcode ConnectionPool.disconnect}. */
  disconnect(id: string): Disconnected | undefined {
    return this.#disconnect(id, undefined);
  }

  #disconnect(id: string, reason: RejectReason | undefined): Disconnected | undefined {
    const done = this.#pool.disconnect(id);
    if (done === undefined) return undefined;
    const { promoted } = done;
    if (this.watcher !== undefined) {
      this.watcher.left(id, reason);
      if (promoted !== null) this.watcher.promoted(promoted);
    }
    // Where nobody follows, which is usual on stdin, look-ups would only cost the hashes of the ids.
    if (this.#followings.size === 0) return done;
    this.#unfollow(id)?.dismissed();
    if (promoted !== null) this.#follower(promoted)?.promoted(done);
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

  #tell(done: Configured): Configured {
    if (this.watcher !== undefined) { for (const id of done.promoted) this.watcher.promoted(id); }
    for (const id of done.promoted) this.#follower(id)?.promoted(done);
    return done;
  }

  #follower(id: string): Follower | undefined {
    return this.#followings.find(id, hashOf(id))?.follower;
  }

  #unfollow(id: string): Follower | undefined {
    const following = this.#followings.find(id, hashOf(id));
    if (following !== undefined) this.#followings.remove(following);
    return following?.follower;
  }
}
