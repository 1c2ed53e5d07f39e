/**
 * The server of a shared pool as simple as can be: lists, searched from end to end. It knows nothing
 * of how the real one does it. It can lose everything, or what it was last told.
 *
 * @module
 */

import type { Clock } from "../../lib/io/clock.ts";
import {
  type CallName,
  type Calls,
  FENCED,
  type News,
  type OpResult,
  type Push,
  type Told,
} from "../../lib/cluster/link.ts";
import type { Limits } from "../../lib/pool/limits.ts";

/** The most that one call promotes. */
export const MAX_PROMOTIONS = 500;

interface Waiting {
  n: number;
  ticket: number;
  uncounted: boolean;
}

interface Gate {
  gate: number;
  name: string;
  told: number;
  lastBatch: number;
  paused: boolean;
  /** Until when it is waited for, while it registers. */
  registering: boolean;
  awaited: boolean;
  leaseMs: number;
  expires: number;
  /** In the order of their tickets. */
  waiting: Waiting[];
  held: { n: number; uncounted: boolean }[];
}

interface State {
  limits: Limits | undefined;
  flags: Limits | undefined;
  lastTicket: number;
  lastGate: number;
  leaseMs: number;
  heldUntil: number;
  nobodyKnows: boolean;
  paused: boolean;
  heard: number;
  runId: string;
  gates: Gate[];
  totals: Pick<
    Told,
    "connectedTotal" | "queuedTotal" | "promotedTotal" | "rejectedTotal" | "disconnectedTotal"
  >;
}

const EMPTY: State = {
  limits: undefined,
  flags: undefined,
  lastTicket: 0,
  lastGate: 0,
  leaseMs: 0,
  heldUntil: 0,
  nobodyKnows: false,
  paused: false,
  heard: 0,
  runId: "",
  gates: [],
  totals: {
    connectedTotal: 0,
    queuedTotal: 0,
    promotedTotal: 0,
    rejectedTotal: 0,
    disconnectedTotal: 0,
  },
};

/** How many calls can be forgotten. */
const HISTORY = 20;

/** A server. */
export class FakeServer {
  #clock: Clock;
  #state: State = structuredClone(EMPTY);
  #history: State[] = [];
  #promoted = new Map<number, number[]>();
  #more = false;
  #newsForAll = false;
  #reaped: Told["reaped"] = [];
  runId = "run 1";
  /** Whether a new pool lets nobody in for half a lease. */
  graceful = true;
  /** Keeps what {@linkcode forgetCalls} can bring back: copying all takes time. */
  remembers = true;
  /** Who is pushed to, by gate. */
  readonly listeners = new Map<number, (push: Push) => void>();
  /** Who was promoted or let in, in order. */
  readonly admitted: { gate: number; n: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Everyone there, by the name of their gate. */
  get contents(): Record<string, { held: number[]; waiting: number[] }> {
    return Object.fromEntries(this.#state.gates.map(({ name, held, waiting }) => [name, {
      held: held.map(({ n }) => n).toSorted((a, b) => a - b),
      waiting: waiting.map(({ n }) => n),
    }]));
  }

  /** The clients of all gates that wait, by gate, those with the least tickets first. */
  get queue(): { name: string; n: number; ticket: number }[] {
    return this.#state.gates.flatMap(({ name, waiting }) =>
      waiting.map(({ n, ticket }) => ({ name, n, ticket }))
    ).sort((a, b) => a.ticket - b.ticket);
  }

  get active(): number {
    return this.#state.gates.reduce((sum, { held }) => sum + held.length, 0);
  }

  get queued(): number {
    return this.#state.gates.reduce((sum, { waiting }) => sum + waiting.length, 0);
  }

  get limits(): Limits {
    return this.#state.limits ?? { maxConnections: 0, backlogSize: 0 };
  }

  /** Loses everything, as `FLUSHALL` does. */
  forgetAll(): void {
    this.#state = structuredClone(EMPTY);
    this.#history = [];
  }

  /** Is started again, without what the last calls have done. */
  forgetCalls(count: number): void {
    this.goBack(count);
    this.restart();
  }

  /** Forgets them without a restart: another server has taken over the connections. */
  goBack(count: number): void {
    const index = Math.max(0, this.#history.length - count);
    const before = this.#history[index];
    if (before !== undefined) this.#state = before;
    this.#history = [];
  }

  /** Is started again with all that it knows. */
  restart(): void {
    this.runId = `${this.runId}'`;
    this.listeners.clear();
  }

  /** Takes a gate for dead. */
  reap(name: string): void {
    for (const gate of this.#state.gates.filter((gate) => gate.name === name)) this.#reap(gate);
  }

  /** Loses the place of one client. */
  lose(name: string, n: number): void {
    for (const gate of this.#state.gates.filter((gate) => gate.name === name)) {
      gate.held = gate.held.filter((of) => of.n !== n);
    }
  }

  /** Carries out a call. */
  call<N extends CallName>(name: N, args: Calls[N]["args"]): Calls[N]["reply"] {
    if (this.remembers) {
      this.#history.push(structuredClone(this.#state));
      this.#history = this.#history.slice(-HISTORY);
    }
    this.#promoted = new Map();
    this.#reaped = [];
    this.#more = false;
    this.#newsForAll = false;
    const carryOut = this.#calls[name] as (args: Calls[N]["args"]) => Calls[N]["reply"];
    return carryOut(args);
  }

  #calls: { [N in CallName]: (args: Calls[N]["args"]) => Calls[N]["reply"] } = {
    attach: (args) => this.#attach(args),
    register: (args) => this.#register(args),
    apply: (args) => this.#apply(args),
    renew: ({ gate }) =>
      this.#ofGate(gate, (own) => {
        this.#state.heard = this.#now;
        own.expires = this.#now + own.leaseMs;
        const told = this.#told(own);
        const gates = this.#state.gates.map(({ gate, name, paused, held, waiting, ...of }) => ({
          ...{ gate, name, paused, active: held.length, queued: waiting.length },
          leaseAgeMs: this.#now - (of.expires - of.leaseMs),
        }));
        return { ...told, gates };
      }),
    pauseGate: ({ gate, paused }) =>
      this.#ofGate(gate, (own) => {
        own.paused = paused;
        return this.#told(own);
      }),
    pausePool: ({ gate, paused }) =>
      this.#ofGate(gate, (own) => {
        this.#newsForAll = this.#state.paused !== paused;
        this.#state.paused = paused;
        return this.#toldWithCount(own);
      }),
    configure: ({ gate, limits }) =>
      this.#ofGate(gate, (own) => {
        this.#newsForAll = true;
        this.#state.limits = { ...this.limits, ...limits };
        return this.#toldWithCount(own);
      }),
    retire: ({ gate }) =>
      this.#ofGate(gate, (own) => {
        this.#reap(own);
        return this.#told(own);
      }),
  };

  get #now(): number {
    return this.#clock.now();
  }

  #attach({ gate, name, runId, leaseMs, limits, anew }: Calls["attach"]["args"]) {
    const state = this.#state;
    const created = state.limits === undefined;
    if (created) {
      state.limits = limits ?? { maxConnections: 100, backlogSize: 100 };
      if (this.graceful) {
        state.heldUntil = this.#now + leaseMs / 2;
        state.nobodyKnows = true;
      }
      state.heard = this.#now;
    } else {
      if (runId !== state.runId) this.#beginEra();
      this.#reapDue();
      if (limits !== undefined && JSON.stringify(limits) !== JSON.stringify(state.flags)) {
        this.#newsForAll = true;
        state.limits = limits;
      }
    }
    state.flags = limits ?? state.flags;
    state.leaseMs = leaseMs;
    state.runId = runId;
    state.heard = this.#now;
    const old = state.gates.find((known) => known.gate === gate);
    const known = old !== undefined && !old.registering && !anew;
    let own = old;
    if (own === undefined || !known) {
      if (own !== undefined) this.#reap(own);
      state.lastGate = Math.max(state.lastGate, gate ?? 0, this.#now) + 1;
      own = {
        ...{ gate: state.lastGate, name, told: 0, lastBatch: 0, paused: false, leaseMs },
        ...{ registering: gate !== undefined, awaited: gate !== undefined, expires: 0 },
        ...{ waiting: [], held: [] },
      };
      state.gates.push(own);
      if (own.awaited) state.heldUntil = Math.max(state.heldUntil, this.#now + leaseMs / 2);
    }
    own.expires = this.#now + leaseMs;
    const told = this.#told(own);
    const held = own.held.map(({ n }) => n);
    return { ...told, gate: own.gate, known, created, lastBatch: own.lastBatch, held };
  }

  #register({ gate, held, waiting, paused, done }: Calls["register"]["args"]) {
    return this.#ofGate(gate, (own) => {
      if (own.lastBatch > 0) return FENCED;
      own.held.push(...held);
      own.waiting.push(...waiting);
      const counted = (clients: { uncounted: boolean }[]) =>
        clients.filter(({ uncounted }) => !uncounted).length;
      this.#state.totals.connectedTotal += counted(held);
      this.#state.totals.queuedTotal += counted(waiting);
      own.waiting.sort((a, b) => a.ticket - b.ticket);
      this.#state.lastTicket = Math.max(this.#state.lastTicket, own.waiting.at(-1)?.ticket ?? 0);
      if (done) {
        own.paused = paused;
        own.registering = false;
        own.awaited = false;
      }
      return this.#told(own);
    }, true);
  }

  #apply({ gate, batch, answered, replay, ops }: Calls["apply"]["args"]) {
    return this.#ofGate(gate, (own) => {
      if (batch <= own.lastBatch || answered > own.lastBatch || own.registering) return FENCED;
      own.lastBatch = batch;
      const results: OpResult[] = [];
      for (const op of ops) {
        const result = op.kind === "reject"
          ? this.#countRejection()
          : op.kind === "join"
          ? this.#join(own, op.n, op.uncounted, replay)
          : this.#leave(own, op.n);
        results.push({ ...result, active: this.active, queued: this.queued } as OpResult);
      }
      return { ...this.#told(own), results };
    });
  }

  #countRejection() {
    this.#state.totals.rejectedTotal++;
    return { kind: "counted" };
  }

  #join(own: Gate, n: number, uncounted: boolean, replay: boolean) {
    const { totals } = this.#state;
    if (replay) {
      if (own.held.some((of) => of.n === n)) return { kind: "placed" };
      const before = own.waiting.find((of) => of.n === n);
      if (before !== undefined) return { kind: "queued", ticket: before.ticket };
    }
    this.#fill();
    const passed = !this.#isListening(own) && own.waiting.length > 0;
    if (this.#hasRoom() && !own.paused && !passed && this.#next() === undefined) {
      own.held.push({ n, uncounted });
      this.admitted.push({ gate: own.gate, n });
      if (!uncounted) totals.connectedTotal++;
      return { kind: "placed" };
    }
    if (!uncounted && this.queued >= this.limits.backlogSize + this.#uncounted()) {
      totals.rejectedTotal++;
      return { kind: "rejected" };
    }
    const ticket = Math.max(this.#state.lastTicket, this.#now) + 1;
    this.#state.lastTicket = ticket;
    own.waiting.push({ n, ticket, uncounted });
    if (!uncounted) totals.queuedTotal++;
    return { kind: "queued", ticket };
  }

  #uncounted(): number {
    return this.#state.gates.flatMap(({ held, waiting }) => [...held, ...waiting])
      .filter(({ uncounted }) => uncounted).length;
  }

  #leave(own: Gate, n: number) {
    const { totals } = this.#state;
    const found = [...own.held, ...own.waiting].find((of) => of.n === n);
    if (found === undefined) return { kind: "unknown" };
    if (!found.uncounted) totals.disconnectedTotal++;
    const placed = own.held.some((of) => of.n === n);
    own.held = own.held.filter((of) => of.n !== n);
    own.waiting = own.waiting.filter((of) => of.n !== n);
    if (!placed) return { kind: "left", promoted: undefined };
    const first = this.#fill();
    return { kind: "left", promoted: first?.own === own ? first.n : undefined };
  }

  /** @param registers Whether the call is part of a registration. */
  #ofGate<T>(gate: number, action: (own: Gate) => T, registers = false): T | typeof FENCED {
    this.#reapDue();
    const own = this.#state.gates.find((known) => known.gate === gate);
    if (own === undefined) {
      this.#commit(undefined);
      return FENCED;
    }
    if (!registers && !own.registering) own.awaited = false;
    return action(own);
  }

  #told(own: Gate): Told {
    const promoted = this.#commit(own);
    const { gates, totals, heldUntil } = this.#state;
    const next = gates.map(({ expires }) => expires).sort((a, b) => a - b)[0];
    return {
      ...this.#news(own),
      ...totals,
      promoted,
      nextLeaseMs: next === undefined ? this.#state.leaseMs : Math.max(0, next - this.#now),
      heldMs: this.#isHeld() ? Math.ceil(heldUntil - this.#now) : 0,
      more: this.#more,
      reaped: this.#reaped,
    };
  }

  #toldWithCount(own: Gate) {
    const told = this.#told(own);
    const promotedCount = [...this.#promoted.values()].reduce((sum, { length }) => sum + length, 0);
    return { ...told, promotedCount };
  }

  #news({ told }: Gate): News {
    const { paused } = this.#state;
    return { active: this.active, queued: this.queued, limits: this.limits, paused, told };
  }

  /** Promotes whom it may, and tells the other gates. */
  #commit(own: Gate | undefined): number[] {
    this.#fill();
    const told = this.#state.gates.filter(({ gate }) => this.#promoted.has(gate));
    for (const gate of this.#newsForAll ? this.#state.gates : told) {
      const promoted = this.#promoted.get(gate.gate) ?? [];
      gate.told += promoted.length;
      if (gate !== own) this.listeners.get(gate.gate)?.({ ...this.#news(gate), promoted });
    }
    return own === undefined ? [] : this.#promoted.get(own.gate) ?? [];
  }

  #fill(): { own: Gate; n: number } | undefined {
    let first: { own: Gate; n: number } | undefined;
    for (let budget = MAX_PROMOTIONS; this.#hasRoom(); budget--) {
      const next = this.#next();
      if (next === undefined) break;
      if (budget === 0) {
        this.#more = true;
        break;
      }
      const { own, client } = next;
      own.waiting = own.waiting.filter((other) => other !== client);
      own.held.push({ n: client.n, uncounted: client.uncounted });
      this.admitted.push({ gate: own.gate, n: client.n });
      if (!client.uncounted) this.#state.totals.promotedTotal++;
      this.#promoted.set(own.gate, [...this.#promoted.get(own.gate) ?? [], client.n]);
      first ??= { own, n: client.n };
    }
    return first;
  }

  /** Whoever has the least ticket of those that can be told. */
  #next(): { own: Gate; client: Waiting } | undefined {
    let next: { own: Gate; client: Waiting } | undefined;
    for (const own of this.#state.gates) {
      const [client] = own.waiting;
      if (client === undefined || own.paused || own.registering || !this.#isListening(own)) {
        continue;
      }
      if (next === undefined || client.ticket < next.client.ticket) next = { own, client };
    }
    return next;
  }

  #isListening({ gate }: Gate): boolean {
    return this.listeners.has(gate);
  }

  #hasRoom(): boolean {
    return this.active < this.limits.maxConnections && !this.#state.paused && !this.#isHeld();
  }

  #isHeld(): boolean {
    const { gates, heldUntil, nobodyKnows } = this.#state;
    return this.#now < heldUntil && (nobodyKnows || gates.some(({ awaited }) => awaited));
  }

  #beginEra(): void {
    const { gates, leaseMs } = this.#state;
    this.#state.heard = this.#now;
    for (const gate of gates) {
      gate.expires = this.#now + gate.leaseMs;
      gate.awaited = true;
    }
    if (gates.length > 0) this.#state.heldUntil = this.#now + leaseMs / 2;
  }

  #reapDue(): void {
    const { gates, heard, leaseMs } = this.#state;
    if (this.#now - heard > leaseMs / 2) this.#beginEra();
    for (const gate of gates.filter(({ expires }) => expires <= this.#now)) {
      const { name, held, waiting } = gate;
      this.#reaped.push({ name, active: held.length, queued: waiting.length });
      this.#reap(gate);
    }
  }

  #reap(gate: Gate): void {
    const { held, waiting } = gate;
    const clients = [...held, ...waiting].filter(({ uncounted }) => !uncounted);
    this.#state.totals.disconnectedTotal += clients.length;
    this.#state.gates = this.#state.gates.filter((other) => other !== gate);
  }
}
