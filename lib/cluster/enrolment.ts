/**
 * A gate's standing with the server: the connection, the number it has there, its lease, and what
 * it sends. Owns when to connect, attach, register and renew, and in which order answers and pushes
 * are heard; what they mean for clients is the pool's.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import type { Counts } from "../pool/client.ts";
import type { Limits } from "../pool/limits.ts";
import { RESYNC_REASONS, type ResyncReason } from "../pool/pool.ts";
import { Alarm } from "./alarm.ts";
import { Lease } from "./lease.ts";
import {
  type CallName,
  type Calls,
  type Claim,
  FENCED,
  type Fenced,
  type GateEntry,
  type Link,
  type LinkConnection,
  type News,
  type Op,
  type Push,
  type Server,
  type Told,
} from "./link.ts";
import { type CallEntry, callEntry, type CallReply, type Outbox, type Sending } from "./outbox.ts";
import { ToldPromotions } from "./told.ts";

/** How long it takes to connect again after a connection was lost, in milliseconds. */
export const RECONNECT_MIN_MS = 50;
export const RECONNECT_MAX_MS = 250;

/** How long it takes where that is of no use until somebody mends it, in milliseconds. */
export const REFUSED_RETRY_MS = 5000;

/** When the lease is renewed, as parts of it: gates that began together drift apart. */
export const RENEW_MIN_PART = 0.28;
export const RENEW_MAX_PART = 0.33;

/** How long the server may take for an answer before the connection is given up, as such a part. */
export const ANSWER_PART = 1 / 4;

/** How many clients are registered with one call. */
export const REGISTER_CHUNK = 1000;

/** How long a gate may take to retire, in milliseconds. */
export const RETIRE_MS = 1000;

/** The server is not asked more often than this whether a lease has ended, in milliseconds. */
const MIN_WAKE_MS = 20;

/** What a gate registers under a new number. */
export interface Claims {
  /** Its clients with a place. */
  held: Claim[];
  /** Those that wait, with their tickets. */
  waiting: (Claim & { ticket: number })[];
}

/** What operators set of a pool. */
export interface Settings {
  /** `undefined` for those of the flags. */
  limits?: Limits | undefined;
  paused?: boolean;
}

/** Whoever has the clients. */
export interface Enrolled {
  /**
   * What the pool is like now.
   *
   * @param sure Whether that is certain; else, nothing newer may have been overwritten with it.
   * @returns Whether nothing of it is in doubt.
   */
  news(news: News | Told, sure: boolean): boolean;
  /** Clients of this gate have been given places. */
  promoted(numbers: readonly number[], counts: Counts): void;
  /** Whether all clients that are served are among these. */
  servesOnly(held: ReadonlySet<number>): boolean;
  /** The server knows nothing of what it was told: what of it is still so. */
  claims(): Claims;
  /** Whether this gate lets nobody in for a reason of its own. */
  paused(): boolean;
  gates(gates: GateEntry[]): void;
  /** Steps go out from now on. */
  up(): void;
  /** The connection is gone, or could not be opened. */
  down(reason: string, fatal: boolean): void;
  /** The lease has been renewed: what has been given may be acted on. */
  confirmed(): void;
  /** The lease is over. */
  over(): void;
  /** @returns What the new pool is to have that it has not. */
  created(heldMs: number, first: boolean): Settings;
  registered(reason: ResyncReason, claims: Claims): void;
  reaped(gates: Told["reaped"]): void;
  /** A call was answered after so many milliseconds. */
  answered(ms: number): void;
}

/** What an {@linkcode Enrolment} works with. */
export interface EnrolmentParts {
  link: Link;
  clock: Clock;
  /** A number from 0 to below 1. */
  random: () => number;
  name: string;
  leaseMs: number;
  /** What the flags ask for; `undefined` where they do not. */
  limits: Limits | undefined;
  outbox: Outbox;
  enrolled: Enrolled;
}

/** Something that the server has been asked, and has not answered. */
interface Asked {
  since: number;
  /** Whether a push has come since. */
  overtaken: boolean;
}

type State = "away" | "attaching" | "registering" | "up" | "closed";

/** One gate at the server. */
export class Enrolment {
  #parts: EnrolmentParts;
  #state: State = "away";
  #connection: LinkConnection | undefined;
  #server: Server | undefined;
  #gate: number | undefined;
  /** The gate whose pushes this connection brings. */
  #listening: number | undefined;
  /** Whether a registration has been begun and not ended. */
  #registering = false;
  /** Counts attachments: what was asked before one, and is answered behind it, is not looked at. */
  #attachment = 0;
  #lastAnswered = 0;
  #told = new ToldPromotions();
  /** What was pushed while it was not known under which number. */
  #early: Push[] = [];
  /** In the order in which it was asked. */
  #asked = new Set<Asked>();
  #renewing = false;
  #closed: (() => void) | undefined;
  #wakeAt = 0;
  readonly lease: Lease;
  /** How often the gate had to register anew, by reason. */
  readonly resyncs = zeroes(RESYNC_REASONS);
  #retry: Alarm;
  #deadline: Alarm;
  #renewal: Alarm;
  #wake: Alarm;

  constructor(parts: EnrolmentParts) {
    this.#parts = parts;
    const { clock, leaseMs, enrolled } = parts;
    this.lease = new Lease(clock, leaseMs, () => enrolled.over());
    this.#retry = new Alarm(clock, () => this.connect());
    this.#deadline = new Alarm(clock, () => this.#checkAnswers());
    this.#renewal = new Alarm(clock, () => this.renew());
    this.#wake = new Alarm(clock, () => this.renew());
  }

  /** Whether steps go out at once. */
  get up(): boolean {
    return this.#state === "up";
  }

  /** Opens a connection, and goes on from there. */
  connect(): void {
    const asked = this.#ask();
    const isCurrent = () => connection === this.#connection;
    const connection: LinkConnection = this.#parts.link.connect({
      opened: (server) => {
        if (!isCurrent()) return;
        this.#asked.delete(asked);
        this.#server = server;
        this.#attach();
      },
      pushed: (push) => {
        if (isCurrent()) this.#pushed(push);
      },
      lost: (reason, fatal) => {
        if (isCurrent()) this.#lose(reason, fatal);
      },
    });
    this.#connection = connection;
  }

  /** Sends what there is to send, unless something is under way. */
  pump(): void {
    if (this.#state !== "up") return;
    const sending = this.#parts.outbox.next();
    if (sending !== undefined) this.#send(sending);
  }

  /** Renews the lease, unless that is under way. */
  renew(): void {
    if (this.#state !== "up" || this.#renewing) return;
    this.#renewing = true;
    const { clock, leaseMs, random, enrolled } = this.#parts;
    const part = RENEW_MIN_PART + (RENEW_MAX_PART - RENEW_MIN_PART) * random();
    this.#renewal.set(clock.now() + part * leaseMs);
    this.#call("renew", { gate: this.#number }, (reply, asked) => {
      this.#renewing = false;
      const valid = this.lease.renewed(asked.since);
      this.#hear(reply, asked, () => enrolled.gates(reply.gates));
      if (valid) enrolled.confirmed();
      else this.renew();
      this.#compareLater(reply.told);
      this.#healPause(reply.gates);
    });
  }

  /** Takes the gate out for good, if that can be done in time, and ends the connection. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      const closed = () => {
        this.#end();
        resolve();
      };
      if (this.#connection === undefined || this.#server === undefined) return closed();
      this.#closed = closed;
      this.#parts.outbox.add(callEntry({ kind: "retire" }, closed));
      this.#retry.clear();
      this.#retry = new Alarm(this.#parts.clock, closed);
      this.#retry.set(this.#parts.clock.now() + RETIRE_MS);
      this.pump();
    });
  }

  /** The number that the server has given it; `undefined` before that. */
  get number(): number | undefined {
    return this.#gate;
  }

  get #number(): number {
    if (this.#gate === undefined) throw new Error("BUG: the gate has no number");
    return this.#gate;
  }

  #end(): void {
    this.#state = "closed";
    this.#closed = undefined;
    const connection = this.#connection;
    this.#forgetConnection();
    this.#retry.clear();
    this.lease.drop();
    connection?.close();
  }

  #forgetConnection(): void {
    this.#connection = undefined;
    this.#server = undefined;
    this.#listening = undefined;
    this.#asked.clear();
    this.#deadline.clear();
    this.#interrupt();
  }

  /** What is under way will be answered no more, or too late. */
  #interrupt(): void {
    this.#attachment++;
    this.#renewing = false;
    this.#early = [];
    this.#renewal.clear();
    this.#wake.clear();
    this.#parts.outbox.takeBack();
  }

  #lose(reason: string, fatal: boolean): void {
    const { clock, random, enrolled } = this.#parts;
    this.#forgetConnection();
    this.#state = "away";
    if (this.#closed !== undefined) return this.#closed();
    const ms = RECONNECT_MIN_MS + (RECONNECT_MAX_MS - RECONNECT_MIN_MS) * random();
    this.#retry.set(clock.now() + (fatal ? REFUSED_RETRY_MS : ms));
    enrolled.down(reason, fatal);
  }

  /** Something has been asked: if it is not answered in time, the connection is given up. */
  #ask(): Asked {
    const since = this.#parts.clock.now();
    const asked = { since, overtaken: false };
    this.#asked.add(asked);
    this.#deadline.setBy(since + this.#answerMs);
    return asked;
  }

  get #answerMs(): number {
    return ANSWER_PART * this.#parts.leaseMs;
  }

  #checkAnswers(): void {
    const [oldest] = this.#asked;
    if (oldest === undefined) return;
    const due = oldest.since + this.#answerMs;
    if (this.#parts.clock.now() < due) return this.#deadline.set(due);
    this.#connection?.close();
    this.#lose(`no answer within ${Math.round(this.#answerMs)} ms`, false);
  }

  /** Calls; the answer is heard unless the gate has attached anew meanwhile. */
  #call<N extends CallName>(
    name: N,
    args: Calls[N]["args"],
    answered: (reply: Exclude<Calls[N]["reply"], Fenced>, asked: Asked) => void,
  ): void {
    const connection = this.#connection;
    const attachment = this.#attachment;
    if (connection === undefined) throw new Error("BUG: a call without a connection");
    const asked = this.#ask();
    connection.call(name, args, (reply) => {
      if (connection !== this.#connection) return;
      this.#asked.delete(asked);
      this.#parts.enrolled.answered(this.#parts.clock.now() - asked.since);
      if (attachment !== this.#attachment) return;
      if (reply !== FENCED) {
        answered(reply as Exclude<Calls[N]["reply"], Fenced>, asked);
      } else if (this.#closed !== undefined) {
        this.#closed();
      } else {
        this.#attach();
      }
    });
  }

  /** Has the server find this gate, or give it a number. */
  #attach(reason?: ResyncReason): void {
    this.#interrupt();
    this.#state = "attaching";
    const { name, leaseMs, limits } = this.#parts;
    const anew = this.#registering || reason !== undefined;
    const { runId } = this.#server!;
    const args = { gate: this.#gate, name, runId, leaseMs, limits, anew };
    this.#call("attach", args, (reply, asked) => {
      if (reply.known) this.#foundAgain(reply, asked);
      else this.#enrol(reply, asked, reason);
    });
  }

  #foundAgain(reply: Calls["attach"]["reply"], asked: Asked): void {
    const { enrolled, outbox } = this.#parts;
    const { lastBatch, told, held } = reply;
    const early = this.#early;
    const isBehind = lastBatch < this.#lastAnswered || told < this.#told.highest ||
      !enrolled.servesOnly(new Set(held));
    if (isBehind) return this.#attach("behind");
    outbox.carriedOut(lastBatch);
    this.#state = "registering";
    this.#told.reset(told);
    this.#hear(reply, asked, () => enrolled.promoted(held, reply));
    for (const push of early) this.#pushed(push);
    this.#listen(() => this.#begin());
  }

  /** It has a number that is new, and so nothing of it is known there. */
  #enrol(reply: Calls["attach"]["reply"], asked: Asked, reason: ResyncReason | undefined): void {
    const { enrolled } = this.#parts;
    const first = this.#gate === undefined;
    this.#gate = reply.gate;
    this.#lastAnswered = 0;
    this.#told.reset(reply.told);
    this.#state = "registering";
    const claims = enrolled.claims();
    this.#setUp(reply.created ? enrolled.created(reply.heldMs, first) : {}, reply, asked);
    if (first) return this.#listen(() => this.#begin());
    this.#registering = true;
    const why = reason ?? (reply.created ? "empty" : "fenced");
    this.resyncs[why]++;
    this.#listen(() =>
      this.#register(claims, 0, () => {
        this.#registering = false;
        enrolled.registered(why, claims);
        this.#begin();
      })
    );
  }

  /** What the pool is like is heard once that is set: what operators set is not to change back. */
  #setUp({ limits, paused = false }: Settings, reply: Told, asked: Asked): void {
    const gate = this.#number;
    const hear = (reply: Told, asked: Asked) => this.#hear(reply, asked);
    const ignore = () => {};
    if (limits !== undefined) this.#call("configure", { gate, limits }, paused ? ignore : hear);
    if (paused) this.#call("pausePool", { gate, paused }, hear);
    if (limits === undefined && !paused) hear(reply, asked);
  }

  /** @param from How many have been registered. */
  #register(claims: Claims, from: number, done: () => void): void {
    const to = from + REGISTER_CHUNK;
    const { held, waiting } = claims;
    const isLast = to >= held.length + waiting.length;
    const args = {
      gate: this.#number,
      held: held.slice(from, to),
      waiting: waiting.slice(Math.max(0, from - held.length), Math.max(0, to - held.length)),
      paused: this.#parts.enrolled.paused(),
      done: isLast,
    };
    this.#call("register", args, (reply, asked) => {
      this.#hear(reply, asked);
      if (isLast) done();
      else this.#register(claims, to, done);
    });
  }

  #listen(listening: () => void): void {
    const connection = this.#connection;
    const gate = this.#number;
    if (this.#listening === gate) return listening();
    const attachment = this.#attachment;
    const asked = this.#ask();
    connection?.listen(gate, () => {
      if (connection !== this.#connection) return;
      this.#asked.delete(asked);
      this.#listening = gate;
      if (attachment === this.#attachment) listening();
    });
  }

  /** First the renewal: what is then given may be acted on. */
  #begin(): void {
    this.#state = "up";
    this.renew();
    this.#parts.enrolled.up();
    this.pump();
  }

  #send(sending: Sending): void {
    if (sending.kind === "call") return this.#sendCall(sending.entry);
    const { number: batch, replay, steps, rejections } = sending;
    const ops: Op[] = steps.map(({ what }) => what.step);
    for (let i = 0; i < rejections; i++) ops.push({ kind: "reject" });
    const args = { gate: this.#number, batch, answered: this.#lastAnswered, replay, ops };
    this.#call("apply", args, (reply, asked) => {
      this.#parts.outbox.answered();
      this.#lastAnswered = batch;
      this.#hear(reply, asked, () => {
        steps.forEach(({ what }, i) => what.answered(reply.results[i]!));
      });
      this.pump();
    });
  }

  #sendCall({ what: { call, answered } }: CallEntry): void {
    const gate = this.#number;
    const hear = (reply: CallReply, asked: Asked) => {
      this.#parts.outbox.answered();
      this.#hear(reply, asked, () => answered(reply));
      this.pump();
    };
    switch (call.kind) {
      case "configure":
        return this.#call("configure", { gate, limits: call.limits }, hear);
      case "pausePool":
        return this.#call("pausePool", { gate, paused: call.paused }, hear);
      case "pauseGate":
        return this.#call("pauseGate", { gate, paused: call.paused }, hear);
      case "retire":
        return this.#call("retire", { gate }, hear);
    }
  }

  /** Hears what every answer says, and in its midst what this one does. */
  #hear(reply: Told, asked: Asked, results = () => {}): void {
    const { enrolled, clock } = this.#parts;
    const certain = enrolled.news(reply, !asked.overtaken);
    this.#told.hear(reply.told, reply.promoted.length);
    results();
    enrolled.promoted(reply.promoted, reply);
    if (reply.reaped.length > 0) enrolled.reaped(reply.reaped);
    if (this.#state === "closed") return;
    const heldMs = reply.heldMs === 0 ? Infinity : reply.heldMs;
    const wakeMs = Math.max(MIN_WAKE_MS, Math.min(reply.nextLeaseMs, heldMs));
    this.#wake.set(clock.now() + wakeMs);
    if (reply.more || !certain) this.renew();
  }

  #pushed(push: Push): void {
    if (this.#state === "attaching") {
      this.#early.push(push);
      return;
    }
    const { enrolled } = this.#parts;
    for (const asked of this.#asked) asked.overtaken = true;
    enrolled.news(push, true);
    this.#told.hear(push.told, push.promoted.length);
    enrolled.promoted(push.promoted, push);
  }

  /** A push that is still on its way may bring what an answer counts: it has a turn to come. */
  #compareLater(told: number): void {
    const attachment = this.#attachment;
    this.#parts.clock.after(0, () => {
      if (attachment === this.#attachment && this.#told.lacks(told)) this.#attach();
    });
  }

  /** A call of a connection that was given up may have come behind one of this connection. */
  #healPause(gates: readonly GateEntry[]): void {
    const paused = this.#parts.enrolled.paused();
    const own = gates.find(({ gate }) => gate === this.#gate);
    const { outbox } = this.#parts;
    if (own === undefined || own.paused === paused || outbox.expects("pauseGate")) return;
    outbox.add(callEntry({ kind: "pauseGate", paused }, () => {}));
    this.pump();
  }
}

function zeroes<T extends string>(names: readonly T[]): Record<T, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<T, number>;
}
