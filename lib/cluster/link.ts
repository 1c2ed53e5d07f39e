/**
 * What a gate and the server that keeps the shared pool say to each other. Owns the shapes alone:
 * the scripts stand in `scripts.ts`, the connection to the server in `redis_link.ts`, and what a
 * gate makes of it in `shared_pool.ts`.
 *
 * A client is (gate, n): n counts up within a gate and is used once. A gate is the number that the
 * server gave it when it attached; what it says under a number that is gone is answered `FENCED`.
 *
 * @module
 */

import type { Counts } from "../pool/client.ts";
import type { Limits } from "../pool/limits.ts";

/** The answer to a gate whose number the server does not know, or knows no more. */
export const FENCED = "fenced";
export type Fenced = typeof FENCED;

/**
 * One step of a batch.
 *
 * - `join`: asks for a place. `uncounted` is no client but a check of our own: it may wait beyond
 *   the backlog, which is longer by it meanwhile, and is in no total.
 * - `leave`: gives up a place, or waiting. `uncounted` as it joined.
 * - `reject`: counts a client that the gate itself has turned away.
 */
export type Op =
  | { kind: "join"; n: number; uncounted: boolean }
  | { kind: "leave"; n: number; uncounted: boolean }
  | { kind: "reject" };

/** What became of one step; the counts are the pool's right behind it. */
export type OpResult =
  & Counts
  & (
    | { kind: "placed" }
    /** `ticket`: its turn among all waiting clients of all gates; higher is later. */
    | { kind: "queued"; ticket: number }
    | { kind: "rejected" }
    /** `promoted`: who got the place, where that is a client of this gate. */
    | { kind: "left"; promoted: number | undefined }
    /** It was not in the pool. */
    | { kind: "unknown" }
    | { kind: "counted" }
  );

/** A client as its gate registers it. */
export interface Claim {
  n: number;
  /** As it joined. */
  uncounted: boolean;
}

/**
 * Totals of the pool since it was made, over all gates. The clients of a gate that is taken for
 * dead have left, and those that it registers when it is back have come: so that who has come, less
 * who has left, is who is there.
 */
export interface Totals {
  connectedTotal: number;
  queuedTotal: number;
  promotedTotal: number;
  rejectedTotal: number;
  disconnectedTotal: number;
}

/** What every answer and every push says of the pool. */
export interface News extends Counts {
  limits: Limits;
  /** Whether an operator has paused the pool. */
  paused: boolean;
  /** How many promotions this gate has been told of since it has its number. */
  told: number;
}

/** What every answer says. */
export interface Told extends News, Totals {
  /** Clients of this gate that this call has promoted, in the order of their tickets. */
  promoted: number[];
  /** Milliseconds until the next lease of any gate ends: a call then has it reaped. */
  nextLeaseMs: number;
  /** Nobody is let in for so many milliseconds still, or until all gates are back; else 0. */
  heldMs: number;
  /** More could be promoted than one call may: call again at once. */
  more: boolean;
  /** Gates that this call has reaped. */
  reaped: { name: string; active: number; queued: number }[];
}

/** A gate as the server knows it. */
export interface GateEntry extends Counts {
  gate: number;
  name: string;
  paused: boolean;
  /** Milliseconds since its lease was renewed. */
  leaseAgeMs: number;
}

/** The calls: what each is given, and what it is answered. */
export interface Calls {
  /**
   * Makes the pool where there is none, and enrols a gate, or finds it again. A gate that had a
   * number, and is given another, is waited for until it has registered all that it has, if only
   * that it has nothing. One that is found again is waited for, where that is so, until its next
   * call: it first compares what the server knows of it with what it knows itself.
   */
  attach: {
    args: {
      /** Its number, where it had one. */
      gate: number | undefined;
      name: string;
      /** The server's run id, as it was told when the connection was opened. */
      runId: string;
      leaseMs: number;
      /**
       * The limits that the flags ask for, each of which is set where it is not what flags asked
       * for last; `undefined` adopts those there are.
       */
      limits: Limits | undefined;
      /** Whether it wants a new number, whatever the server knows. */
      anew: boolean;
    };
    reply: Told & {
      gate: number;
      /** Whether this is the enrolment that it had. */
      known: boolean;
      /** The pool was made by this call. */
      created: boolean;
      /** The number of the last batch of this gate that was carried out. */
      lastBatch: number;
      /** Its clients with a place. */
      held: number[];
    };
  };
  /** Tells places and waiting clients again under a new number, before its first batch. */
  register: {
    args: {
      gate: number;
      held: Claim[];
      /** Clients that wait, with their tickets. */
      waiting: (Claim & { ticket: number })[];
      /** Whether the gate itself lets nobody in. */
      paused: boolean;
      /** Whether this was all. */
      done: boolean;
    };
    reply: Told | Fenced;
  };
  /**
   * Carries out a batch. One whose number is not above the last is answered `FENCED`, and so is one
   * where the server has lost what it has answered.
   */
  apply: {
    args: {
      gate: number;
      batch: number;
      /** The number of the last batch that was answered; 0 for none. */
      answered: number;
      /** Whether parts of it may have been carried out before. */
      replay: boolean;
      ops: readonly Op[];
    };
    /** `results`: one for each step, in their order. */
    reply: (Told & { results: OpResult[] }) | Fenced;
  };
  /** Renews the lease. */
  renew: { args: { gate: number }; reply: (Told & { gates: GateEntry[] }) | Fenced };
  /** Has nobody of this gate let in, or ends that. */
  pauseGate: { args: { gate: number; paused: boolean }; reply: Told | Fenced };
  /** Has nobody of any gate let in, or ends that. `promotedCount` is over all gates. */
  pausePool: {
    args: { gate: number; paused: boolean };
    reply: (Told & { promotedCount: number }) | Fenced;
  };
  /** Sets the limits for all. */
  configure: {
    args: { gate: number; limits: Partial<Limits> };
    reply: (Told & { promotedCount: number }) | Fenced;
  };
  /** Takes the gate out for good. */
  retire: { args: { gate: number }; reply: Told | Fenced };
}
export type CallName = keyof Calls;

/** What the server says without being asked, to one gate. */
export interface Push extends News {
  /** Its clients that have been promoted since the last push or answer, the first first. */
  promoted: number[];
}

/** What is known of the server when a connection to it is open. */
export interface Server {
  runId: string;
  /** Such as `7.0.15`. */
  version: string;
  /** What it does when memory is full, such as `noeviction`. */
  maxmemoryPolicy: string;
}

/** What becomes of a connection. Pushes may overtake answers. */
export interface LinkEvents {
  /** It is open: calls may be made. */
  opened(server: Server): void;
  pushed(push: Push): void;
  /**
   * It could not be opened, or is gone, or a call failed: nothing more is heard of it. Told once.
   *
   * @param fatal Whether trying again is of no use: a password that is wrong, a server too old.
   */
  lost(reason: string, fatal: boolean): void;
}

/**
 * One connection to the server. Answers come in the order in which it has carried the calls out.
 * That is the order of the calls, but for a batch whose script the server has forgotten, which is
 * carried out a little later.
 */
export interface LinkConnection {
  call<N extends CallName>(
    name: N,
    args: Calls[N]["args"],
    answered: (reply: Calls[N]["reply"]) => void,
  ): void;
  /**
   * Has pushes for a gate sent over this connection. Until then, nobody of the gate is promoted;
   * the server looks whether it listens at the gate's next call.
   */
  listen(gate: number, listening: () => void): void;
  /** Gives it up. Nothing more is heard of it, `lost` neither. */
  close(): void;
}

/** The way to the server. */
export interface Link {
  /** Opens a connection, a new one each time. */
  connect(events: LinkEvents): LinkConnection;
}
