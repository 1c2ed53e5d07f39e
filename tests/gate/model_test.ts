import { assertEquals } from "@std/assert";
import { SharedPool } from "../../lib/cluster/shared_pool.ts";
import { LINGER_MS } from "../../lib/gate/goodbyes.ts";
import { PAUSE_REASONS, type PauseReason } from "../../lib/pool/client.ts";
import { Door, type Visitor } from "../support/door.ts";
import { settled } from "../support/fake_clock.ts";
import { LatePool } from "../support/late_pool.ts";
import { type PoolKind, POOLS } from "../support/pools.ts";
import { Random, SEED, SEEDED } from "../support/random.ts";
import { TestGate } from "../support/test_gate.ts";

const ROUNDS = 6;
const STEPS = 60;
const QUEUE_TIMEOUT_MS = 1000;

/** A client as the model has it; the first step after which its wait is too long. */
interface Guest {
  visitor: Visitor;
  due: number;
}

/** A pool as simple as can be: two lists. */
class Model {
  inside: Guest[] = [];
  waiting: Guest[] = [];
  rejected: Visitor[] = [];
  pauses = new Set<PauseReason>();
  places = 2;
  backlog = 4;
  promoted: string[] = [];
  now = 0;

  get paused(): boolean {
    return this.pauses.size > 0;
  }

  arrive(visitor: Visitor): void {
    const guest = { visitor, due: this.now + QUEUE_TIMEOUT_MS };
    if (!this.paused && this.inside.length < this.places) this.inside.push(guest);
    else if (this.waiting.length < this.backlog) this.waiting.push(guest);
    else this.rejected.push(visitor);
  }

  leave({ name }: Visitor): void {
    const others = ({ visitor }: Guest) => visitor.name !== name;
    this.inside = this.inside.filter(others);
    this.waiting = this.waiting.filter(others);
    this.fill();
  }

  pass(ms: number): void {
    this.now += ms;
    this.waiting = this.waiting.filter(({ due }) => due > this.now);
  }

  fill(): void {
    while (!this.paused && this.inside.length < this.places) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.promoted.push(next.visitor.name);
      this.inside.push(next);
    }
  }
}

/** A gate and the model of it, to which the same happens. */
class Lab implements AsyncDisposable {
  readonly model = new Model();
  readonly door = new Door();
  readonly gate: TestGate;
  readonly visitors: Visitor[] = [];
  readonly promoted: string[] = [];
  #random: Random;

  constructor(kind: PoolKind, random: Random) {
    this.#random = random;
    const { places: maxConnections, backlog: backlogSize } = this.model;
    this.gate = new TestGate(this.door, {
      ...{ kind, maxConnections, backlogSize, queueTimeoutMs: QUEUE_TIMEOUT_MS },
    });
    const { pool } = this.gate;
    // What this process is told of a promotion may come in any order, and where somebody left, not
    // at all.
    (pool instanceof LatePool ? pool.server : pool).observe({
      changed: ({ id, state }, from) => {
        if (state === "connected" && from === "queued") this.promoted.push(id);
      },
    });
  }

  /** One thing that happens, by chance, and all that the gate does about it before the next one. */
  async step(): Promise<void> {
    const { model, gate, visitors } = this;
    const random = this.#random;
    const somebody = () => random.pick(visitors);
    const actions: (() => void | Promise<void>)[] = [
      async () => {
        const visitor = await this.door.arrive();
        visitors.push(visitor);
        model.arrive(visitor);
      },
      () => {
        const visitor = somebody();
        if (random.next() < 0.5) visitor.hangUp();
        else visitor.reset();
        model.leave(visitor);
      },
      () => {
        const visitor = somebody();
        gate.pool.disconnect(visitor.name, gate.clock.now());
        model.leave(visitor);
      },
      () => {
        model.places = random.below(4);
        model.backlog = random.below(6);
        gate.configure({ maxConnections: model.places, backlogSize: model.backlog });
        model.fill();
      },
      () => {
        const reason = random.pick(PAUSE_REASONS);
        if (model.pauses.delete(reason)) {
          gate.pool.resume(reason, gate.clock.now());
          model.fill();
        } else {
          model.pauses.add(reason);
          gate.pool.pause(reason);
        }
      },
      async () => {
        // Who is let in meanwhile would not know yet that its wait is over.
        await gate.quiet();
        const ms = random.below(QUEUE_TIMEOUT_MS);
        await gate.clock.advance(ms);
        model.pass(ms);
      },
    ];
    const arrives = visitors.length === 0 || random.next() < 0.5;
    await (arrives ? actions[0]! : random.pick(actions))();
    await settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.gate.gate.drain();
    for (const visitor of this.visitors) visitor.hangUp();
    await this.gate.quiet();
    await this.gate.clock.advance(LINGER_MS);
    await this.gate[Symbol.asyncDispose]();
  }

  /** What the gate, its clients and the model say when all is quiet. */
  async compare(what: string): Promise<void> {
    const { model, gate, gate: { pool }, promoted } = this;
    await gate.quiet();
    const names = (guests: Guest[]) => guests.map(({ visitor: { name } }) => name);
    const ids = (state: "connected" | "queued") =>
      [...gate.pool.clients(state)].map(({ id }) => id);
    assertEquals(ids("connected").toSorted(), names(model.inside).toSorted(), what);
    assertEquals(ids("queued"), names(model.waiting), what);
    const { active, queued } = gate.stats;
    assertEquals([active, queued], [model.inside.length, model.waiting.length], what);
    for (const { visitor } of model.inside) assertEquals(saidLast(visitor), "in", what);
    for (const { visitor } of model.waiting) assertEquals(saidLast(visitor), "waits", what);
    for (const visitor of model.rejected) assertEquals(visitor.told, true, what);
    const all = [...model.promoted];
    const told = pool instanceof SharedPool
      // One that has left before it could be told was promoted elsewhere only.
      ? promoted.filter((name) => all.splice(0, all.indexOf(name) + 1).includes(name))
      : model.promoted;
    assertEquals(promoted, told, what);
  }
}

/** Where a client stands by the last message that it has heard of that. */
function saidLast(visitor: Visitor): string {
  const last = visitor.messages.at(-1);
  if (last?.type === "pool_promoted" || last?.status === "connected") return "in";
  return last?.status === "queued" ? "waits" : "nothing";
}

for (const kind of POOLS) {
  const name = kind.name === "" ? ` (${SEEDED})` : kind.name;
  Deno.test(`gate: whatever comes, the counts, the order and what each is told are those of two lists${name}`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const random = new Random(SEED, round);
      await using lab = new Lab(kind, random);
      const { gate } = lab;
      for (let step = 0; step < STEPS; step++) {
        await lab.step();
        if (random.next() < 0.3) await lab.compare(`round ${round}, step ${step}`);
      }
      await lab.compare(`round ${round}, at its end`);
      if (random.next() < 0.5) gate.gate.drain();
      for (const visitor of lab.visitors) visitor.hangUp();
      await gate.quiet();
      await gate.clock.advance(LINGER_MS);
      await gate.quiet();
      const { active, queued, ...totals } = gate.stats;
      assertEquals([active, queued], [0, 0], `round ${round}`);
      assertEquals(totals.disconnectedTotal, totals.connectedTotal + totals.queuedTotal);
      assertEquals(lab.visitors.filter(({ closes }) => closes !== 1).length, 0);
      assertEquals(gate.notes.filter((note) => note.startsWith("error")), []);
    }
  });
}
