/**
 * The pool as all ways in share it: who is connected, who waits, who is next, and who is told. An
 * interface, since it may be kept in this process or elsewhere. It knows client ids and two limits,
 * nothing of messages or sockets; `now` is the time of whoever calls, in milliseconds.
 *
 * Answers may come later. What a client's state is stands in its record; an event only says that it
 * is worth a look. No order among events is promised, but that what an answer has caused, such as a
 * promotion, is told in the same turn right behind it.
 *
 * @module
 */

import type {
  Client,
  Counts,
  EvictReason,
  Holder,
  PauseReason,
  RejectReason,
  State,
} from "./client.ts";
import type { Later } from "./later.ts";
import type { Limits } from "./limits.ts";

/** What a disconnect did. */
export interface Disconnected extends Counts {
  /**
   * The client that was let in for the one that left; `null` where nobody was, or one of another
   * process.
   */
  promoted: string | null;
}

/** What a change of the limits did, or the end of a pause. */
export interface Configured extends Counts {
  /** How many clients were let in by it. */
  promoted: number;
}

/** Limits, counts and the totals since the pool was made. */
export interface Stats extends Limits, Counts {
  /** Clients let in by their own connect, without waiting. */
  connectedTotal: number;
  /** Clients put into the backlog. */
  queuedTotal: number;
  /** Clients let in from the backlog. */
  promotedTotal: number;
  /** Connects rejected, {@linkcode Pool.reject} included. */
  rejectedTotal: number;
  /** Clients that left, connected or waiting. */
  disconnectedTotal: number;
}

/** A gate that shares the pool with others. */
export interface GateShare extends Counts {
  name: string;
  /** Whether it is this process. */
  own: boolean;
  /** Whether it lets nobody in for a reason of its own: its upstream, or an operator. */
  paused: boolean;
  /** How long ago it was heard of by whoever keeps the pool, in milliseconds. */
  leaseAgeMs: number;
}

/**
 * Why a process has told whoever keeps the pool anew what it holds.
 *
 * - `fenced`: it was taken for dead.
 * - `empty`: the pool was gone.
 * - `behind`: the last changes were gone.
 */
export const RESYNC_REASONS = ["fenced", "empty", "behind"] as const;
export type ResyncReason = typeof RESYNC_REASONS[number];

/**
 * What becomes of the clients with a place when the lease of their gate is over: they keep it, or
 * are cut off.
 */
export type WhenLost = "hold" | "cut";

/** How a process stands with whoever keeps the pool that it shares. */
export interface ClusterState {
  /** The name of this process among the gates. */
  name: string;
  /** Whether it is in touch with whoever keeps the pool, and its lease is valid. */
  up: boolean;
  /** For how long it is not, in milliseconds; 0 where it is. */
  downMs: number;
  /** Why it is not, as far as is known. */
  down: string | undefined;
  /** Whether it may act on a place that it has been given; for a while also where it is not up. */
  leaseValid: boolean;
  lost: WhenLost;
  /** Whether an operator has paused this process alone. */
  paused: boolean;
  /** For how long nobody is let in by any gate, in milliseconds, as far as is known. */
  heldMs: number;
  /** How often it has lost its lease. */
  leaseLostTotal: number;
  /** How often it has told anew what it holds. */
  resyncs: Readonly<Record<ResyncReason, number>>;
}

/** What there is to tell of a pool beside its figures. */
export interface Description {
  /** The gates that share it; none where this process has it alone. */
  gates: GateShare[];
  /** How this process stands with whoever keeps it; `undefined` where it has it alone. */
  cluster: ClusterState | undefined;
}

/**
 * Whoever is told of all clients, each time before their holders are. What it throws keeps nobody
 * else from being told.
 */
export interface Observer {
  /**
   * A client has changed.
   *
   * @param from The state that it was in before; `asking` for one that has just come.
   * @param ms How long it was in that state.
   */
  changed?(client: Client, from: State, ms: number): void;
  /** The limits have changed. */
  configured?(before: Limits, after: Limits): void;
  /** An operator has paused the pool, or has resumed it. */
  paused?(paused: boolean): void;
  /** Whoever keeps the pool has answered a call, after so many milliseconds. */
  answered?(ms: number): void;
}

/** A pool of places with a first-come-first-served backlog before it. */
export interface Pool {
  /** The limits in force. */
  readonly limits: Limits;
  /** How many clients of this process are in the pool. */
  readonly own: Counts;
  /** Whether a client that comes next would have a place, as far as is known. */
  readonly hasRoom: boolean;
  /** Whether a client that comes next would be rejected. */
  readonly full: boolean;
  /** Whether an operator has paused it, and not resumed it since. */
  readonly paused: boolean;

  /** @returns A copy of the limits, the counts and the totals of the whole pool, as last known. */
  stats(): Stats;
  /** @returns What there is to tell of it beside these. */
  describe(): Description;
  /** @returns A client of this process that is in the pool. */
  find(id: string): Client | undefined;
  /** @returns Those clients of this process that have a place, or that wait, the first first. */
  clients(state: "connected" | "queued"): Iterable<Client>;

  /**
   * Asks for a place. Asking again while in the pool changes nothing; of its record only the counts
   * are made new.
   *
   * @param id The client, any string.
   * @param holder Who is told of changes; of a client that is in the pool already, it stays the
   *   first.
   * @returns The record, with a state that is known or still `asking`.
   */
  connect(id: string, holder: Holder | undefined, now: number): Client;
  /**
   * Counts one who asks for a place and is rejected, whatever room there is.
   *
   * @param holder Who came with it, who is not told.
   */
  reject(id: string, reason: RejectReason, now: number, holder?: Holder): Client;
  /**
   * Takes out a client on behalf of its holder, who is not told: its place goes to the next.
   *
   * @param reason Why it is rejected or evicted, where it is.
   * @throws {Error} `BUG:` where the client is not in the pool.
   */
  leave(client: Client, now: number, reason?: RejectReason | EvictReason): void;
  /**
   * Takes out a client on behalf of somebody else: its holder is told, and the client is found no
   * more. That it has left stands in its record at once; where it is still `asking`, as soon as it
   * has been told what it asked for.
   *
   * One with a place whose holder leaves later ({@linkcode Holder.leavesLater}) is found, and is
   * counted as active, until it has left: its place is free then. Asked again meanwhile, nobody is
   * told.
   *
   * @returns What that did by the time of the answer; `undefined` where the client is not in the
   *   pool.
   */
  disconnect(id: string, now: number): Disconnected | Later<Disconnected> | undefined;
  /**
   * Sets both limits, or one. Room that this makes is filled from the backlog; nobody is dropped.
   */
  configure(limits: Partial<Limits>, now: number): Configured | Later<Configured>;

  /**
   * From now on nobody is let in, until {@linkcode resume} for the same reason: no client at all
   * where it is `paused`, else no client of this process. Those with a place keep it. A pause that
   * there is already stays as it is.
   *
   * @param reason Also why those are rejected that could not be let in for that alone, and cannot
   *   wait.
   * @returns The counts; later, those after whatever was asked for since and went out with it.
   */
  pause(reason: PauseReason): Counts | Later<Configured>;
  /**
   * Ends a {@linkcode pause} where there is one for this reason. Where there is no other, the room
   * there is is filled.
   *
   * @returns What that did.
   */
  resume(reason: PauseReason, now: number): Configured | Later<Configured>;
  /** Has somebody told of all clients of this process, from now on. */
  observe(observer: Observer): void;
}
