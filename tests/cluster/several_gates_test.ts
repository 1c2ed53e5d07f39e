/**
 * The scripts, as four gates call them, held to a model that knows nothing of how it is done: each
 * promotion is that of the least ticket of all gates whose clients may be promoted, each client that
 * is let in at once finds no such waiting client, and there are never more than N.
 */

import { assertEquals } from "@std/assert";
import type { Op, OpResult } from "../../lib/cluster/link.ts";
import { channelOf } from "../../lib/cluster/scripts.ts";
import type { Limits } from "../../lib/pool/limits.ts";
import {
  claim,
  join,
  type Known,
  leave,
  type RawGate,
  SERVERS,
  TestPool,
} from "../support/cluster/caller.ts";
import { RedisServer } from "../support/cluster/redis_server.ts";
import { Random, SEED, SEEDED } from "../support/random.ts";
import { testWith } from "../support/servers.ts";
import { until } from "../support/sockets.ts";

const SEEDS = 3;
const STEPS = 700;
const GATES = 4;
const MOST_OPS = 4;
const LIMITS = { maxConnections: 5, backlogSize: 20 };

/** A gate, as the model sees it. */
class ModelGate {
  /** Clients with a place, and those who wait with their tickets. */
  placed = new Set<number>();
  waiting = new Map<number, number>();
  paused = false;
  listening = false;
  registering = false;
  /** Whom it is to be told of as promoted by the call that is made. */
  promoted: number[] = [];

  get mayBePromoted(): boolean {
    return !this.paused && this.listening && !this.registering;
  }
}

/** Tickets, counts, and who is next. */
class Model {
  readonly gates = Array.from({ length: GATES }, () => new ModelGate());
  limits: Limits = LIMITS;
  paused = false;

  get active(): number {
    return this.gates.reduce((sum, { placed }) => sum + placed.size, 0);
  }

  get queued(): number {
    return this.gates.reduce((sum, { waiting }) => sum + waiting.size, 0);
  }

  get isOpen(): boolean {
    const held = this.gates.some(({ registering }) => registering);
    return !held && !this.paused && this.active < this.limits.maxConnections;
  }

  get counts() {
    return { active: this.active, queued: this.queued };
  }

  /** Promotes all that may be; returns who was, the first first. */
  fill(): { gate: ModelGate; n: number }[] {
    const promoted: { gate: ModelGate; n: number }[] = [];
    while (this.isOpen) {
      const [next] = this.gates.filter(({ mayBePromoted }) => mayBePromoted)
        .flatMap((gate) => [...gate.waiting].map(([n, ticket]) => ({ gate, n, ticket })))
        .sort((a, b) => a.ticket - b.ticket);
      if (next === undefined) break;
      const { gate, n } = next;
      gate.waiting.delete(n);
      gate.placed.add(n);
      gate.promoted.push(n);
      promoted.push({ gate, n });
    }
    return promoted;
  }

  /** @param ticket What the server gave it, where it waits. */
  perform(gate: ModelGate, op: Op, ticket: number | undefined): OpResult {
    if (op.kind === "reject") return { kind: "counted", ...this.counts };
    return op.kind === "join" ? this.#join(gate, op.n, ticket) : this.#leave(gate, op.n);
  }

  #join(gate: ModelGate, n: number, ticket: number | undefined): OpResult {
    // Two clients of one gate never swap, also while nobody can tell those who wait.
    const before = !gate.listening && gate.waiting.size > 0;
    if (this.isOpen && !gate.paused && !before) {
      gate.placed.add(n);
      return { kind: "placed", ...this.counts };
    }
    if (this.queued >= this.limits.backlogSize) return { kind: "rejected", ...this.counts };
    gate.waiting.set(n, ticket ?? NaN);
    return { kind: "queued", ticket: ticket ?? NaN, ...this.counts };
  }

  #leave(gate: ModelGate, n: number): OpResult {
    if (gate.waiting.delete(n)) return { kind: "left", promoted: undefined, ...this.counts };
    if (!gate.placed.delete(n)) return { kind: "unknown", ...this.counts };
    const [first] = this.fill();
    const promoted = first?.gate === gate ? first.n : undefined;
    return { kind: "left", promoted, ...this.counts };
  }
}

/** What is done, by the name of it, and how often of a hundred times. */
const STEP_KINDS = {
  ...{ apply: 78, pauseGate: 5, pausePool: 3, configure: 3 },
  ...{ deafen: 3, hear: 4, register: 3, retire: 1 },
};

/** Four gates at a server and in the model. */
class Comparison {
  #pool: TestPool;
  #random: Random;
  #gates: RawGate[];
  #model = new Model();
  #clients = 0;
  #lastTicket = 0;
  /** What there is still to register of gates that are about it. */
  #toRegister = new Map<RawGate, { held: number[]; waiting: { n: number; ticket: number }[] }>();
  done: Record<string, number> = {};

  constructor(pool: TestPool, random: Random, gates: RawGate[]) {
    this.#pool = pool;
    this.#random = random;
    this.#gates = gates;
    for (const gate of this.#model.gates) gate.listening = true;
  }

  async step(): Promise<void> {
    const at = this.#random.below(GATES);
    const gate = this.#gates[at]!;
    const model = this.#model.gates[at]!;
    const kind = model.registering ? "register" : this.#pickKind();
    this.done[kind] = (this.done[kind] ?? 0) + 1;
    const before = this.#model.active;
    const reply = await this.#take(kind, gate, model);
    if (reply === undefined) return;
    this.#model.fill();
    await this.#compare(reply, gate, before);
  }

  #pickKind(): keyof typeof STEP_KINDS {
    let left = this.#random.below(100);
    for (const [kind, share] of Object.entries(STEP_KINDS)) {
      if (left < share) return kind as keyof typeof STEP_KINDS;
      left -= share;
    }
    throw new Error("the shares make no hundred");
  }

  /** Has one thing done, at the server and in the model. */
  async #take(
    kind: keyof typeof STEP_KINDS,
    gate: RawGate,
    model: ModelGate,
  ): Promise<Known<"register"> | undefined> {
    const paused = this.#random.below(3) === 0;
    switch (kind) {
      case "apply":
        return await this.#apply(gate, model);
      case "pauseGate":
        model.paused = paused;
        return await gate.call("pauseGate", { paused });
      case "pausePool":
        this.#model.paused = paused;
        return await gate.call("pausePool", { paused });
      case "configure": {
        const maxConnections = this.#random.below(8);
        this.#model.limits = { ...LIMITS, maxConnections };
        return await gate.call("configure", { limits: { maxConnections } });
      }
      case "deafen":
        return await this.#deafen(gate, model);
      case "hear":
        return await this.#hear(gate, model);
      case "register":
        return await this.#register(gate, model);
      case "retire":
        return await this.#retire(gate, model);
    }
  }

  async #apply(gate: RawGate, model: ModelGate): Promise<Known<"register">> {
    const ops = Array.from({ length: 1 + this.#random.below(MOST_OPS) }, () => {
      const present = [...model.placed, ...model.waiting.keys()];
      const going = present.length > 0 && this.#random.below(2) === 0;
      return going ? leave(this.#random.pick(present)) : join(++this.#clients);
    });
    const { results, ...rest } = await gate.apply(ops);
    for (const [at, result] of results.entries()) {
      const ticket = result.kind === "queued" ? result.ticket : undefined;
      assertEquals(result, this.#model.perform(model, ops[at]!, ticket));
      if (ticket !== undefined) {
        assertEquals(ticket > this.#lastTicket, true, "a ticket went back");
        this.#lastTicket = ticket;
      }
    }
    return rest;
  }

  /** Its connection ends, and it has another, over which it speaks but does not listen. */
  async #deafen(gate: RawGate, model: ModelGate): Promise<undefined> {
    if (!model.listening) return;
    const channel = channelOf(this.#pool.name, gate.number);
    gate.caller.connection.close();
    gate.caller = await this.#pool.open();
    model.listening = false;
    await until(
      "nobody listens",
      async () => /\b0$/.test(await this.#pool.redis.ask("pubsub", "shardnumsub", channel)),
    );
  }

  async #hear(gate: RawGate, model: ModelGate): Promise<Known<"register"> | undefined> {
    if (model.listening) return;
    const { caller, number } = gate;
    await new Promise<void>((done) => caller.connection.listen(number, done));
    model.listening = true;
    return await gate.call("renew", {});
  }

  /** Begins to register under another number, or goes on with it. */
  async #register(gate: RawGate, model: ModelGate): Promise<Known<"register">> {
    const left = this.#toRegister.get(gate);
    if (left === undefined) {
      const waiting = [...model.waiting].map(([n, ticket]) => ({ n, ticket }));
      this.#toRegister.set(gate, { held: [...model.placed], waiting });
      model.placed.clear();
      model.waiting.clear();
      Object.assign(model, { listening: false, registering: true });
      const reply = await gate.attachAgain({ anew: true });
      assertEquals([reply.known, reply.held], [false, []]);
      return reply;
    }
    const done = left.held.length + left.waiting.length < 3 || this.#random.below(3) === 0;
    const held = left.held.splice(0, done ? Infinity : 1);
    const waiting = left.waiting.splice(0, done ? Infinity : 2);
    for (const n of held) model.placed.add(n);
    for (const { n, ticket } of waiting) model.waiting.set(n, ticket);
    if (done) this.#toRegister.delete(gate);
    model.registering = !done;
    return await gate.call("register", {
      held: held.map(claim),
      waiting: waiting.map(({ n, ticket }) => ({ ...claim(n), ticket })),
      ...{ done, paused: model.paused },
    });
  }

  /** Leaves with all its clients, and another gate comes. */
  async #retire(gate: RawGate, model: ModelGate): Promise<Known<"register">> {
    model.placed.clear();
    model.waiting.clear();
    Object.assign(model, { listening: false, paused: false });
    const { told: _, ...reply } = await gate.call("retire", {});
    const next = await this.#pool.gate();
    Object.assign(gate, { caller: next.caller, number: next.number, batch: 0 });
    return { ...reply, told: 0 };
  }

  async #compare(reply: Known<"register">, caller: RawGate, before: number): Promise<void> {
    const { active, limits: { maxConnections } } = this.#model;
    // By registering alone there may be more: they have their places already.
    const registered = this.#model.gates.some(({ registering }) => registering) ||
      active > maxConnections;
    assertEquals(registered || active <= Math.max(before, maxConnections), true);
    const { limits, paused } = this.#model;
    const expected = { ...this.#model.counts, limits, paused };
    const { active: a, queued: q } = reply;
    const { connectedTotal, queuedTotal, disconnectedTotal } = reply;
    assertEquals(connectedTotal + queuedTotal - disconnectedTotal, a + q);
    assertEquals({ active: a, queued: q, limits: reply.limits, paused: reply.paused }, expected);
    for (const [at, gate] of this.#gates.entries()) {
      const model = this.#model.gates[at]!;
      const promoted = model.promoted;
      model.promoted = [];
      if (gate === caller) {
        assertEquals(reply.promoted, promoted);
      } else if (promoted.length > 0) {
        const told = () => gate.caller.pushes.flatMap(({ promoted }) => promoted);
        await until("it is pushed", () => told().length >= promoted.length);
        assertEquals(told(), promoted);
      }
      // What is told of limits and pauses alone promotes nobody.
      gate.caller.pushes = gate.caller.pushes.filter(({ promoted }) => promoted.length === 0);
    }
  }

  /** Has everybody leave, and the gates. */
  async end(): Promise<void> {
    for (const [at, gate] of this.#gates.entries()) {
      const model = this.#model.gates[at]!;
      while (model.registering) {
        const reply = await this.#register(gate, model);
        this.#model.fill();
        await this.#compare(reply, gate, Infinity);
      }
    }
    for (const [at, gate] of this.#gates.entries()) {
      const model = this.#model.gates[at]!;
      for (const n of [...model.waiting.keys(), ...model.placed]) await gate.apply([leave(n)]);
      // Whoever was promoted meanwhile.
      const { held } = await gate.attachAgain();
      await gate.apply(held.map(leave));
    }
    const { active, queued } = await this.#gates[0]!.call("renew", {});
    assertEquals({ active, queued }, { active: 0, queued: 0 });
    for (const gate of this.#gates) await gate.call("retire", {});
  }
}

for (const program of SERVERS) {
  for (let number = 0; number < SEEDS; number++) {
    const name =
      `scripts: ${GATES} gates promote the least ticket (${program}, ${number}, ${SEEDED})`;
    testWith([program, "redis-cli"], name, async () => {
      await using redis = await RedisServer.start({}, program);
      await using pool = await TestPool.make(redis, LIMITS);
      const gates: RawGate[] = [];
      while (gates.length < GATES) gates.push(await pool.listeningGate());
      const comparison = new Comparison(pool, new Random(SEED, number), gates);
      for (let count = 0; count < STEPS; count++) await comparison.step();
      await comparison.end();
      assertEquals(Object.keys(comparison.done).sort(), Object.keys(STEP_KINDS).sort());
      // The pool's own figures are left, and nothing else.
      assertEquals(Object.keys(await redis.members(pool.name)), [""]);
      assertEquals([await pool.ask("hget", "", "a"), await pool.ask("hget", "", "q")], ["0", "0"]);
    });
  }
}
