/**
 * The pool as all ways in share it: passes on what becomes of a client to whoever holds its place, since a
 * client that came one way may be let in, or taken out, by what happens on another. Decides nothing itself.
 *
 * @module
 */

import { ClientTable, type Entry, hashOf } from "./client_table.ts";
import type {
  Configured,
  Connected,
  ConnectionPool,
  Counts,
  Disconnected,
  Limits,
  Stats,
} from "./pool.ts";

/** Whoever is to be told of one client. What it is told, it is told before the call that caused it returns. */
export interface Follower {
  /** The client was let in from the backlog. */
  promoted(counts: Counts): void;
  /** The client was taken out of the pool, and not by {@linkcode Roster.leave}. */
  dismissed(): void;
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

  /** @param pool The pool, which nobody else may change from now on. */
  constructor(pool: ConnectionPool) {
    this.#pool = pool;
  }

  /** As {@linkcode ConnectionPool.connect}. */
  connect(id: string): Connected {
    return this.#pool.connect(id);
  }

  /** As {@linkcode ConnectionPool.reject}. */
  reject(): Connected {
    return this.#pool.reject();
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

  /** As {@linkcode disconnect}, for the client's own follower, which is not told of it. */
  leave(id: string): void {
    this.#unfollow(id);
    this.disconnect(id);
  }

  /** As {@linkcode ConnectionPool.disconnect}. */
  disconnect(id: string): Disconnected | undefined {
    const done = this.#pool.disconnect(id);
    // Where nobody follows, which is usual on stdin, look-ups would only cost the hashes of the ids.
    if (done === undefined || this.#followings.size === 0) return done;
    this.#unfollow(id)?.dismissed();
    if (done.promoted !== null) this.#follower(done.promoted)?.promoted(done);
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
