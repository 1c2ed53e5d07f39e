/**
 * The connection pool: who is connected, who waits, who is next. It knows client ids and two limits,
 * nothing of messages, sockets or time. However long the backlog is, an operation takes the same few steps
 * for each client that it moves, also when one leaves from the middle; only when the client table doubles or
 * halves, now and then, does one step take time for all.
 *
 * @module
 */

import { Backlog, type Links } from "./backlog.ts";
import { ClientTable, type Entry, hashOf } from "./client_table.ts";

/** The most that a limit may be. */
export const MAX_LIMIT = Number.MAX_SAFE_INTEGER;

/** What a limit may be, in words. */
export const LIMIT_RANGE = `an integer from 0 to ${MAX_LIMIT}`;

/** Whether a value may be a limit: {@linkcode LIMIT_RANGE}. */
export function isLimit(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The two limits of the gate, each a whole number of clients, 0 to {@linkcode MAX_LIMIT}. */
export interface Limits {
  /** How many clients may be connected at once; 0 pauses admission. */
  maxConnections: number;
  /** How many may wait for a place; 0 turns everyone away who cannot be connected at once. */
  backlogSize: number;
}

/** How many clients are connected and how many wait, after the operation that reports it. */
export interface Counts {
  active: number;
  queued: number;
}

/** What a connect came to. A rejected client is not in the pool. */
export type Status = "connected" | "queued" | "rejected";

/** Where a client stands after {@linkcode ConnectionPool.connect}. */
export interface Connected extends Counts {
  status: Status;
}

/** What a disconnect did. */
export interface Disconnected extends Counts {
  /** The client that was let in for the one that left, or `null`. */
  promoted: string | null;
}

/** What a change of the room there is did. */
export interface Configured extends Counts {
  /** The clients that were let in by it, in order of arrival. */
  promoted: string[];
}

/** Limits, counts and the totals since the pool was made. */
export interface Stats extends Limits, Counts {
  /** Clients let in by their own connect, without waiting. */
  connectedTotal: number;
  /** Clients put into the backlog. */
  queuedTotal: number;
  /** Clients let in from the backlog. */
  promotedTotal: number;
  /** Connects turned away, {@linkcode ConnectionPool.reject} included. */
  rejectedTotal: number;
  /** Clients that left, connected or waiting. */
  disconnectedTotal: number;
}

interface Client extends Entry, Links {
  active: boolean;
}

/**
 * A pool of `maxConnections` places with a first-come-first-served backlog before it.
 *
 * Nobody waits while a place is free and the pool is not paused: each operation that frees places fills
 * them before it returns.
 */
export class ConnectionPool {
  #limits: Limits;
  /** Everyone in the pool, connected or waiting. */
  #clients = new ClientTable<Client>();
  #backlog = new Backlog<Client>();
  #active = 0;
  #paused = false;
  #connectedTotal = 0;
  #queuedTotal = 0;
  #promotedTotal = 0;
  #rejectedTotal = 0;
  #disconnectedTotal = 0;

  /** Starts empty, with these limits. */
  constructor({ maxConnections, backlogSize }: Limits) {
    this.#limits = { maxConnections, backlogSize };
  }

  /**
   * Asks for a place. Asking again while in the pool changes nothing and answers the present status.
   *
   * @param id The client, any string.
   * @returns Where the client stands now, and the counts.
   */
  connect(id: string): Connected {
    const hash = hashOf(id);
    const present = this.#clients.find(id, hash);
    if (present !== undefined) return this.#stands(present.active ? "connected" : "queued");
    if (this.#hasRoom()) {
      this.#enter(id, hash, true);
      this.#active++;
      this.#connectedTotal++;
      return this.#stands("connected");
    }
    if (this.#backlog.length < this.#limits.backlogSize) {
      this.#backlog.push(this.#enter(id, hash, false));
      this.#queuedTotal++;
      return this.#stands("queued");
    }
    return this.reject();
  }

  /** Counts one who asks for a place and is turned away, whatever room there is. */
  reject(): Connected {
    this.#rejectedTotal++;
    return this.#stands("rejected");
  }

  /**
   * Takes a client out, connected or waiting, and lets the next one in if that freed a place.
   *
   * @param id The client.
   * @returns What happened, or `undefined` when the client is not in the pool.
   */
  disconnect(id: string): Disconnected | undefined {
    const client = this.#clients.find(id, hashOf(id));
    if (client === undefined) return undefined;
    this.#clients.remove(client);
    this.#disconnectedTotal++;
    let promoted: string | null = null;
    if (client.active) {
      this.#active--;
      promoted = this.#promote();
    } else {
      this.#backlog.remove(client);
    }
    return { promoted, active: this.#active, queued: this.#backlog.length };
  }

  /**
   * Sets both limits from now on. Room that this makes is filled from the backlog at once; nobody is dropped when
   * a limit falls below what is there.
   *
   * @returns Who was let in, and the counts.
   */
  configure({ maxConnections, backlogSize }: Limits): Configured {
    this.#limits = { maxConnections, backlogSize };
    return this.#fill();
  }

  /** From now on nobody is let in, whatever room there is, until {@linkcode resume}. */
  pause(): void {
    this.#paused = true;
  }

  /**
   * Ends a {@linkcode pause}, and fills the room there is from the backlog.
   *
   * @returns Who was let in, and the counts.
   */
  resume(): Configured {
    this.#paused = false;
    return this.#fill();
  }

  /** Whether a client that is not in the pool would be turned away. */
  get full(): boolean {
    return !this.#hasRoom() && this.#backlog.length >= this.#limits.backlogSize;
  }

  /** Whether nobody is let in, whatever room there is. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Whether a client is in the pool, connected or waiting. */
  has(id: string): boolean {
    return this.#clients.find(id, hashOf(id)) !== undefined;
  }

  /** @returns A copy of the limits, the counts and the running totals. */
  stats(): Stats {
    return {
      ...this.#limits,
      active: this.#active,
      queued: this.#backlog.length,
      connectedTotal: this.#connectedTotal,
      queuedTotal: this.#queuedTotal,
      promotedTotal: this.#promotedTotal,
      rejectedTotal: this.#rejectedTotal,
      disconnectedTotal: this.#disconnectedTotal,
    };
  }

  #enter(id: string, hash: number, active: boolean): Client {
    const client: Client = {
      id,
      hash,
      active,
      chained: undefined,
      before: undefined,
      after: undefined,
    };
    this.#clients.add(client);
    return client;
  }

  #hasRoom(): boolean {
    return !this.#paused && this.#active < this.#limits.maxConnections;
  }

  #fill(): Configured {
    const promoted: string[] = [];
    for (let id = this.#promote(); id !== null; id = this.#promote()) promoted.push(id);
    return { promoted, active: this.#active, queued: this.#backlog.length };
  }

  /** Lets the head of the backlog in, if there is one and room for it. */
  #promote(): string | null {
    if (!this.#hasRoom()) return null;
    const client = this.#backlog.shift();
    if (client === undefined) return null;
    client.active = true;
    this.#active++;
    this.#promotedTotal++;
    return client.id;
  }

  #stands(status: Status): Connected {
    return { status, active: this.#active, queued: this.#backlog.length };
  }
}
