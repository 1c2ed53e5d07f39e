/**
 * The pool as several gates share it: a server keeps the places and the queue, and this gate its
 * own clients. What a client's state is here follows what the server has said of it, in whatever
 * order that came; a place that the server has given is taken under a valid lease only. Without
 * I/O and clock of its own.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import { hashOf, IdTable } from "../io/id_table.ts";
import { LinkedList } from "../io/linked_list.ts";
import type { Note } from "../io/log.ts";
import {
  type Client,
  type Counts,
  type EvictReason,
  type Holder,
  isInPool,
  PAUSE_REASONS,
  type PauseReason,
  type RejectReason,
  type State,
} from "../pool/client.ts";
import { Later } from "../pool/later.ts";
import type { Limits } from "../pool/limits.ts";
import type {
  Configured,
  Description,
  Disconnected,
  Observer,
  Pool,
  Stats,
  WhenLost,
} from "../pool/pool.ts";
import { Alarm } from "./alarm.ts";
import { Changes } from "./changes.ts";
import { type Claims, type Enrolled, Enrolment, type Settings } from "./enrolment.ts";
import { Figures } from "./figures.ts";
import type { Link, OpResult } from "./link.ts";
import { type Member, newMember } from "./member.ts";
import { Outbox, stepEntry } from "./outbox.ts";
import { Trouble } from "./trouble.ts";

/**
 * How long clients are left without an answer while the server is away, as a part of the lease;
 * from then on they wait here.
 */
export const AWAY_PART = 1 / 4;

/** What a {@linkcode SharedPool} works with. */
export interface SharedPoolParts {
  link: Link;
  clock: Clock;
  /** What operators call this gate. */
  name: string;
  /** How long the lease is, in milliseconds. */
  leaseMs: number;
  lost: WhenLost;
  /** The limits that the flags set; `undefined` adopts those there are. */
  limits: Limits | undefined;
  /** The limits of a pool that nobody has set limits for. */
  defaults: Limits;
  /** Told what an observer or a holder throws. Must not throw. */
  failed: (error: unknown) => void;
  note: Note;
  /** Told why the server is of no use, where that will not change; it is tried all the same. */
  refused?: (reason: string) => void;
  /** Calls at the end of the present turn. */
  defer?: (action: () => void) => void;
  /** A number from 0 to below 1: when gates that began together do what they do again and again. */
  random?: () => number;
}

/** A pool that several gates share. */
export class SharedPool implements Pool {
  /** Known when the gate may let clients in for the first time. */
  readonly ready = new Later<true>();
  #parts: SharedPoolParts;
  /** Whether {@linkcode ready} is known. */
  #isReady = false;
  #defer: (action: () => void) => void;
  #enrolment: Enrolment;
  #outbox = new Outbox();
  #observers: Observer[] = [];
  /** Those that somebody may ask for by their id. */
  #clients = new IdTable<Member>();
  /** Everyone in the pool, by what the server calls them. */
  #members = new Map<number, Member>();
  /** How many of them are no clients. */
  #uncounted = 0;
  #lastNumber = 0;
  #asking = new LinkedList<Member>();
  #backlog = new LinkedList<Member>();
  #connected = new LinkedList<Member>();
  /** Those that have been given a place that the gate may not act on yet. */
  #given = new Set<Member>();
  /** Those that have left, and whose leave has not been answered, and their ids. */
  #leaving = new Map<number, string | undefined>();
  /** How many have a join that has not been answered; those that are no clients are not counted. */
  #unanswered = 0;
  /** Answers to disconnects that are still to be given. */
  #disconnects = new Set<Later<Disconnected>>();
  #pumping = false;
  /** Whether the server has been away for so long that new clients wait here. */
  #away = false;
  #awayAlarm: Alarm;
  #figures: Figures;
  #trouble: Trouble;
  #changes: Changes;

  /** Begins to connect at once. */
  constructor(parts: SharedPoolParts) {
    this.#parts = parts;
    const { link, clock, name, leaseMs, limits, defaults, note } = parts;
    const { defer = queueMicrotask, random = Math.random } = parts;
    this.#defer = defer;
    this.#figures = new Figures(clock, limits ?? defaults, {
      configured: (...change) =>
        this.#tellObservers((observer) => observer.configured?.(...change)),
      paused: (paused) => this.#tellObservers((observer) => observer.paused?.(paused)),
    });
    this.#trouble = new Trouble(clock, note);
    this.#awayAlarm = new Alarm(clock, () => this.#goAway());
    this.#awayAlarm.set(clock.now() + AWAY_PART * leaseMs);
    const enrolled = this.#enrolled();
    const outbox = this.#outbox;
    this.#enrolment = new Enrolment({
      link,
      clock,
      random,
      name,
      leaseMs,
      limits,
      outbox,
      enrolled,
    });
    const up = () => this.#enrolment.up;
    this.#changes = new Changes({ outbox, up, added: () => this.#pumpLater() });
    this.#enrolment.connect();
  }

  get limits(): Limits {
    return this.#figures.limits;
  }

  get own(): Counts {
    return { active: this.#connected.length, queued: this.#backlog.length };
  }

  get hasRoom(): boolean {
    return this.#asking.length < this.#free;
  }

  get full(): boolean {
    const { backlogSize } = this.#figures.limits;
    if (!this.#enrolment.up) return this.#refusal() !== undefined;
    const ahead = this.#asking.length - this.#free;
    return ahead >= 0 && this.#figures.counts.queued + ahead >= backlogSize + this.#uncounted;
  }

  get paused(): boolean {
    return this.#figures.paused;
  }

  stats(): Stats {
    return this.#figures.stats;
  }

  describe(): Description {
    const { name, lost } = this.#parts;
    const { lease: { valid: leaseValid }, resyncs, number } = this.#enrolment;
    const { ms, why, leaseLostTotal } = this.#trouble;
    const up = this.#enrolment.up && leaseValid;
    return {
      gates: this.#figures.gates(number),
      cluster: {
        name,
        up,
        downMs: up ? 0 : ms,
        down: up ? undefined : why,
        leaseValid,
        lost,
        paused: this.#changes.gatePauses.has("gate_paused"),
        heldMs: this.#figures.heldMs,
        leaseLostTotal,
        resyncs: { ...resyncs },
      },
    };
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
    if (present !== undefined) return Object.assign(present, this.#figures.counts);
    const member = newMember(++this.#lastNumber, id, hash, holder, now);
    Object.assign(member, this.#figures.counts);
    const refusal = this.#enrolment.up || holder?.uncounted ? undefined : this.#refusal();
    if (refusal !== undefined) return this.#reject(member, refusal);
    this.#clients.add(member);
    this.#members.set(member.n, member);
    if (holder?.uncounted) this.#uncounted++;
    this.#outbox.add(this.#newJoin(member));
    if (this.#away) {
      member.state = "queued";
      this.#backlog.push(member);
      this.#show(member, "asking", 0);
    } else {
      this.#asking.push(member);
    }
    this.#pumpLater();
    return member;
  }

  reject(id: string, reason: RejectReason, now: number, holder?: Holder): Client {
    const member = newMember(0, id, 0, holder, now);
    return this.#reject(Object.assign(member, this.#figures.counts), reason);
  }

  leave(client: Client, now: number, reason?: RejectReason | EvictReason): void {
    if (!isInPool(client)) throw new Error(`BUG: a client that is ${client.state} cannot leave`);
    const member = client as Member;
    if (this.#members.get(member.n) !== member) {
      throw new Error("BUG: a client of another pool cannot leave");
    }
    const { evicted } = member;
    this.#remove(member, now, reason ?? member.reason);
    // Where it was to be evicted, that is under way.
    if (!evicted) this.#sendLeave(member, () => {});
  }

  disconnect(id: string, now: number): Disconnected | Later<Disconnected> | undefined {
    const member = this.#clients.find(id, hashOf(id));
    if (member === undefined) return undefined;
    if (member.state === "connected" && member.holder?.leavesLater) return this.#haveLeave(member);
    const answer = new Later<Disconnected>();
    this.#disconnects.add(answer);
    if (member.state === "asking") {
      member.evicted = true;
      this.#clients.remove(member);
      this.#addLeave(member, (result) => this.#answerDisconnect(answer, result));
    } else {
      this.#evict(member, now, "evicted");
      this.#sendLeave(member, (result) => this.#answerDisconnect(answer, result));
    }
    // Whoever asked is not to wait for a server that is away.
    if (this.#away) this.#answerDisconnects();
    return answer;
  }

  configure(limits: Partial<Limits>, _now: number): Later<Configured> {
    return this.#changes.configure(limits);
  }

  pause(reason: PauseReason): Later<Configured> {
    return this.#changes.pause(reason);
  }

  resume(reason: PauseReason, _now: number): Later<Configured> {
    return this.#changes.resume(reason);
  }

  observe(observer: Observer): void {
    this.#observers.push(observer);
  }

  /**
   * Takes this gate out of the pool, so that nobody waits for its places, and ends the connection.
   * Resolves when that is done, or has taken too long.
   */
  async close(): Promise<void> {
    this.#awayAlarm.clear();
    await this.#enrolment.close();
  }

  /** What the enrolment tells of. */
  #enrolled(): Enrolled {
    return {
      news: (news, sure) => this.#figures.hear(news, sure),
      promoted: (numbers, counts) => this.#promoted(numbers, counts),
      servesOnly: (held) => [...this.#connected].every(({ n }) => held.has(n)),
      claims: () => this.#claims(),
      paused: () => this.#changes.gatePauses.size > 0,
      gates: (gates) => this.#figures.hearGates(gates),
      up: () => {
        this.#away = false;
        this.#awayAlarm.clear();
      },
      down: (reason, fatal) => this.#lose(reason, fatal),
      confirmed: () => this.#confirm(),
      over: () => this.#loseLease(),
      created: (heldMs, first) => this.#created(heldMs, first),
      registered: (reason, { held, waiting }) => {
        this.#trouble.registered(reason, { active: held.length, queued: waiting.length });
      },
      reaped: (gates) => this.#trouble.reaped(gates),
      answered: (ms) => this.#tellObservers((observer) => observer.answered?.(ms)),
    };
  }

  /** How many more may be let in, as far as is known. */
  get #free(): number {
    const { paused, heldMs, free } = this.#figures;
    if (!this.#enrolment.up || !this.#enrolment.lease.valid) return 0;
    return paused || this.#changes.gatePauses.size > 0 || heldMs > 0 ? 0 : free;
  }

  /** Why one is rejected that comes while nothing can be asked; `undefined` where it may wait. */
  #refusal(): RejectReason | undefined {
    const { maxConnections, backlogSize } = this.#figures.limits;
    const most = this.#away ? backlogSize : maxConnections + backlogSize;
    if (this.#unanswered < most) return undefined;
    return this.#away && backlogSize === 0 ? "cluster_down" : "backlog_full";
  }

  /** Why the server has rejected one. */
  #whyRejected(active: number): RejectReason {
    if (active >= this.#figures.limits.maxConnections) return "backlog_full";
    if (this.#figures.paused) return "paused";
    const { gatePauses } = this.#changes;
    return PAUSE_REASONS.find((reason) => gatePauses.has(reason)) ?? "backlog_full";
  }

  /** Has the outbox sent at the end of the turn: whatever comes until then goes out together. */
  #pumpLater(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#defer(() => {
      this.#pumping = false;
      this.#enrolment.pump();
    });
  }

  #newJoin(member: Member) {
    const { n, holder } = member;
    const uncounted = holder?.uncounted ?? false;
    const join = stepEntry(
      { kind: "join", n, uncounted },
      (result) => this.#joined(member, result),
    );
    member.join = join;
    if (!uncounted) this.#unanswered++;
    return join;
  }

  #endJoin(member: Member): void {
    if (member.join === undefined) return;
    member.join = undefined;
    if (!member.holder?.uncounted) this.#unanswered--;
  }

  #joined(member: Member, result: OpResult): void {
    this.#endJoin(member);
    // It has left meanwhile, and its leave follows.
    if (this.#members.get(member.n) !== member) return;
    if (result.kind === "placed") this.#give(member, result);
    else if (result.kind === "rejected") this.#turnAway(member, result);
    else if (result.kind === "queued") this.#queue(member, result, result.ticket);
  }

  /** It waits. Where a promotion has come before that, it does so no more. */
  #queue(member: Member, counts: Counts, ticket: number | undefined): void {
    member.ticket = ticket;
    if (member.state !== "asking") return;
    const { active, queued } = counts;
    this.#asking.remove(member);
    this.#backlog.push(member);
    Object.assign(member, { state: "queued", active, queued });
    this.#show(member, "asking", this.#parts.clock.now() - member.since);
    this.#tell(member);
    if (member.evicted && isInPool(member)) this.#evict(member, member.since, "evicted");
  }

  /** The server has given it a place. */
  #give(member: Member, counts: Counts): void {
    if (member.state === "connected") return;
    if (this.#enrolment.lease.valid) return this.#admit(member, counts);
    this.#given.add(member);
    this.#enrolment.renew();
  }

  #admit(member: Member, { active, queued }: Counts): void {
    const { state: from, since } = member;
    const now = this.#parts.clock.now();
    this.#given.delete(member);
    (from === "queued" ? this.#backlog : this.#asking).remove(member);
    this.#connected.push(member);
    if (from === "queued") member.waited = now - since;
    Object.assign(member, { state: "connected", since: now, active, queued });
    this.#show(member, from, now - since);
    this.#tell(member);
    // Its holder has been told what the connect came to; now it is told that this is over.
    if (member.evicted && isInPool(member)) this.#evict(member, now, "evicted");
  }

  /** It is rejected after all. */
  #turnAway(member: Member, { active, queued }: Counts, reason = this.#whyRejected(active)): void {
    const { state: from, since } = member;
    const now = this.#parts.clock.now();
    this.#forget(member);
    if (from === "queued") member.waited = now - since;
    Object.assign(member, { state: "rejected", reason, since: now, active, queued });
    this.#show(member, from, now - since);
    this.#tell(member);
  }

  #reject(member: Member, reason: RejectReason): Client {
    member.state = "rejected";
    member.reason = reason;
    this.#outbox.addRejection();
    this.#show(member, "asking", 0);
    this.#pumpLater();
    return member;
  }

  #haveLeave(member: Member): Disconnected {
    if (member.reason === undefined) {
      member.reason = "evicted";
      this.#tell(Object.assign(member, this.#figures.counts));
    }
    return { promoted: null, ...this.#figures.counts };
  }

  /** Takes one out on behalf of somebody else. */
  #evict(member: Member, now: number, reason: Client["reason"]): void {
    this.#remove(member, now, reason);
    this.#tell(member);
  }

  /** Takes one out; the server has to be told, too. */
  #remove(member: Member, now: number, reason: Client["reason"]): void {
    const { state: from, since } = member;
    this.#forget(member);
    if (from !== "connected") member.waited = now - since;
    Object.assign(member, { state: "left", reason, since: now, ...this.#figures.counts });
    this.#show(member, from, now - since);
  }

  #forget(member: Member): void {
    const { state } = member;
    if (state === "connected") this.#connected.remove(member);
    else (state === "queued" ? this.#backlog : this.#asking).remove(member);
    if (member.holder?.uncounted) this.#uncounted--;
    if (!member.evicted) this.#clients.remove(member);
    this.#members.delete(member.n);
    this.#given.delete(member);
  }

  /** Tells the server that one has left, unless it has never heard of it. */
  #sendLeave(member: Member, answered: (result: OpResult) => void): void {
    const { join } = member;
    if (join === undefined || join.sent) return this.#addLeave(member, answered);
    this.#outbox.forget(join);
    this.#endJoin(member);
    answered({ kind: "unknown", ...this.#figures.counts });
  }

  #addLeave(
    { n, id, holder }: Pick<Member, "n" | "holder"> & { id?: string },
    answered: (result: OpResult) => void,
  ): void {
    this.#leaving.set(n, id);
    const leave = { kind: "leave", n, uncounted: holder?.uncounted ?? false } as const;
    this.#outbox.add(stepEntry(leave, (result) => {
      this.#leaving.delete(n);
      answered(result);
      const { promoted } = result.kind === "left" ? result : {};
      if (promoted !== undefined) this.#promoted([promoted], result);
    }));
    this.#pumpLater();
  }

  #answerDisconnect(answer: Later<Disconnected>, result: OpResult): void {
    if (!this.#disconnects.delete(answer)) return;
    const { active, queued } = result;
    const next = result.kind === "left" ? result.promoted : undefined;
    const promoted = next === undefined ? null : this.#idOf(next) ?? null;
    answer.settle({ promoted, active, queued });
  }

  /** The client of a number, also of one that has left meanwhile. */
  #idOf(n: number): string | undefined {
    return this.#members.get(n)?.id ?? this.#leaving.get(n);
  }

  /** Answers what is known anyway: that they have left. */
  #answerDisconnects(): void {
    const unknown: OpResult = { kind: "unknown", ...this.#figures.counts };
    for (const answer of [...this.#disconnects]) this.#answerDisconnect(answer, unknown);
  }

  #promoted(numbers: readonly number[], counts: Counts): void {
    for (const n of numbers) {
      const member = this.#members.get(n);
      if (member !== undefined) this.#give(member, counts);
      // Nobody here has its place: without this, nobody would give it back.
      else if (!this.#leaving.has(n)) this.#addLeave({ n, holder: undefined }, () => {});
    }
  }

  /**
   * What the gate holds is told anew. One that was given a place which it did not take waits again,
   * or asks again where it has never had a turn.
   */
  #claims(): Claims {
    const claims: Claims = { held: [], waiting: [] };
    const again = [];
    this.#given.clear();
    for (const member of this.#members.values()) {
      const { n, state, ticket, join } = member;
      const claim = { n, uncounted: !isCounted(member) };
      if (state === "connected") claims.held.push(claim);
      else if (ticket !== undefined) claims.waiting.push({ ...claim, ticket });
      else if (join === undefined) again.push(this.#newJoin(member));
    }
    const dropped = this.#outbox.beginAnew(({ kind, n }) => {
      const member = this.#members.get(n);
      if (member === undefined) return false;
      return kind === "leave" || member.state !== "connected" && member.ticket === undefined;
    }, again);
    for (const { what: { step, answered } } of dropped) {
      const member = this.#members.get(step.n);
      if (step.kind === "leave") answered({ kind: "unknown", ...this.#figures.counts });
      else if (member !== undefined) this.#endJoin(member);
    }
    return claims;
  }

  /** The server has been away for too long for clients to be left without an answer. */
  #goAway(): void {
    this.#away = true;
    const { backlogSize } = this.#figures.limits;
    let waiting = this.#unanswered - [...this.#asking].filter(isCounted).length;
    for (const member of [...this.#asking]) {
      // The server may know of those that it was told of.
      const mayWait = !isCounted(member) || (member.join?.sent ?? true) || waiting < backlogSize;
      if (isCounted(member)) waiting++;
      if (mayWait) this.#queue(member, this.#figures.counts, member.ticket);
      else this.#refuse(member, backlogSize === 0 ? "cluster_down" : "backlog_full");
      if (member.evicted && member.join?.sent === false) this.#sendLeave(member, () => {});
    }
    this.#answerDisconnects();
  }

  #refuse(member: Member, reason: RejectReason): void {
    if (member.join !== undefined) this.#outbox.forget(member.join);
    this.#endJoin(member);
    this.#outbox.addRejection();
    this.#turnAway(member, this.#figures.counts, reason);
  }

  #lose(reason: string, fatal: boolean): void {
    const { clock, leaseMs, refused } = this.#parts;
    if (!this.#away) this.#awayAlarm.setBy(clock.now() + AWAY_PART * leaseMs);
    if (fatal) refused?.(reason);
    this.#trouble.disconnected(reason);
  }

  #loseLease(): void {
    const { lost } = this.#parts;
    this.#trouble.leaseIsOver();
    const clients = [...this.#connected].filter(isCounted);
    if (lost === "cut") { for (const member of clients) this.#cut(member); }
    this.#trouble.noteLostLease(lost, clients.length);
  }

  /** Has one leave at once: soon its place is another's. */
  #cut(member: Member): void {
    if (member.holder?.leavesLater) {
      // Also one that leaves already: it is to hurry.
      member.reason = "cluster_lost";
      return this.#tell(member);
    }
    this.#evict(member, this.#parts.clock.now(), "cluster_lost");
    this.#sendLeave(member, () => {});
  }

  #confirm(): void {
    for (const member of [...this.#given]) this.#admit(member, this.#figures.counts);
    if (!this.#isReady) {
      this.#isReady = true;
      this.ready.settle(true);
    }
    this.#trouble.end(this.own);
  }

  /** @returns What operators have set since, or what the flags do not say. */
  #created(heldMs: number, first: boolean): Settings {
    const { limits, paused } = this.#figures;
    if (!first) return { limits, paused };
    this.#trouble.poolCreated(heldMs);
    return this.#parts.limits === undefined ? { limits } : {};
  }

  #show(client: Client, from: State, ms: number): void {
    if (client.holder?.uncounted) return;
    this.#tellObservers((observer) => observer.changed?.(client, from, ms));
  }

  #tellObservers(tell: (observer: Observer) => void): void {
    for (const observer of this.#observers) {
      try {
        tell(observer);
      } catch (error) {
        this.#parts.failed(error);
      }
    }
  }

  #tell(client: Client): void {
    try {
      client.holder?.changed(client);
    } catch (error) {
      this.#parts.failed(error);
    }
  }
}

function isCounted({ holder }: Client): boolean {
  return !holder?.uncounted;
}
