/**
 * The pool, and the ledger that is kept of it, against a naive model, under random operations: everything is compared
 * after each one.
 */

import { assertEquals } from "@std/assert";
import { Ledger } from "../../lib/admin/pool_observer.ts";
import type { RejectReason } from "../../lib/gate/reason_text.ts";
import { type Limits, MemoryPool, type Stats } from "../../lib/pool/memory_pool.ts";
import { Roster, type Stay } from "../lib/roster.ts";
import { fc } from "../support/property.ts";

/** The rules of the pool, written down as plainly as can be. */
class Model {
  active: string[] = [];
  queue: string[] = [];
  paused = false;
  totals = {
    connectedTotal: 0,
    queuedTotal: 0,
    promotedTotal: 0,
    rejectedTotal: 0,
    disconnectedTotal: 0,
  };

  constructor(public limits: Limits) {}

  get counts() {
    return { active: this.active.length, queued: this.queue.length };
  }

  get full(): boolean {
    const hasRoom = !this.paused && this.active.length < this.limits.maxConnections;
    return !hasRoom && this.queue.length >= this.limits.backlogSize;
  }

  connect(id: string) {
    const status = this.active.includes(id)
      ? "connected"
      : this.queue.includes(id)
      ? "queued"
      : this.#arrive(id);
    return { status, ...this.counts };
  }

  #arrive(id: string) {
    if (!this.paused && this.active.length < this.limits.maxConnections) {
      this.active.push(id);
      this.totals.connectedTotal++;
      return "connected";
    }
    if (this.queue.length < this.limits.backlogSize) {
      this.queue.push(id);
      this.totals.queuedTotal++;
      return "queued";
    }
    return this.reject().status;
  }

  reject() {
    this.totals.rejectedTotal++;
    return { status: "rejected", ...this.counts };
  }

  pause() {
    this.paused = true;
  }

  resume() {
    this.paused = false;
    return { promoted: this.#fill(), ...this.counts };
  }

  disconnect(id: string) {
    if (!this.active.includes(id) && !this.queue.includes(id)) return undefined;
    this.active = this.active.filter((other) => other !== id);
    this.queue = this.queue.filter((other) => other !== id);
    this.totals.disconnectedTotal++;
    const [promoted = null] = this.#fill();
    return { promoted, ...this.counts };
  }

  configure(limits: Limits) {
    this.limits = limits;
    const promoted = this.#fill();
    return { promoted, ...this.counts };
  }

  #fill(): string[] {
    const free = Math.max(this.limits.maxConnections - this.active.length, 0);
    const room = this.paused ? 0 : free;
    const promoted = this.queue.splice(0, room);
    this.active.push(...promoted);
    this.totals.promotedTotal += promoted.length;
    return promoted;
  }

  stats(): Stats {
    return { ...this.limits, ...this.counts, ...this.totals };
  }
}

type Operation =
  | { type: "connect" | "disconnect"; id: string }
  | { type: "reject" | "pause" | "resume" }
  | { type: "configure"; limits: Limits };

const limits = fc.record({ maxConnections: fc.nat(4), backlogSize: fc.nat(5) });
const id = fc.nat(12).map((n) => `client-${n}`);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant("connect" as const), id }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("disconnect" as const), id }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("configure" as const), limits }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constantFrom("reject", "pause", "resume", "resume") }),
  },
);

/** What the pool, the roster and the model have in common. */
interface Subject {
  connect(id: string): unknown;
  disconnect(id: string): unknown;
  configure(limits: Limits): unknown;
  reject(reason: RejectReason): unknown;
  pause(): unknown;
  resume(): unknown;
}

function perform(pool: Subject, operation: Operation) {
  switch (operation.type) {
    case "connect":
      return pool.connect(operation.id);
    case "disconnect":
      return pool.disconnect(operation.id);
    case "configure":
      return pool.configure(operation.limits);
    case "reject":
      return pool.reject("draining");
    case "pause":
      return pool.pause();
    case "resume":
      return pool.resume();
  }
}

function checkInvariants(stats: Stats, paused: boolean): void {
  const { active, queued, maxConnections } = stats;
  const full = paused || active >= maxConnections;
  assertEquals(queued === 0 || full, true, "nobody waits beside a free place");
  const entered = stats.connectedTotal + stats.queuedTotal;
  assertEquals(entered, stats.disconnectedTotal + active + queued, "who entered is in or has left");
}

Deno.test("MemoryPool: does what the naive model does, after every operation", () => {
  fc.assert(
    fc.property(
      limits,
      fc.array(operation, { maxLength: 120, size: "max" }),
      (start, operations) => {
        const pool = new MemoryPool(start);
        const model = new Model(start);
        for (const operation of operations) {
          assertEquals(perform(pool, operation), perform(model, operation));
          assertEquals(pool.stats(), model.stats());
          assertEquals(
            pool.has("client-1"),
            [...model.active, ...model.queue].includes("client-1"),
          );
          assertEquals(pool.full, model.full);
          checkInvariants(pool.stats(), model.paused);
        }
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("Ledger: knows who has a place and who waits, in order, after every operation", () => {
  const idsOf = (stays: Iterable<Stay>) => [...stays].map(({ id }) => id);
  fc.assert(
    fc.property(
      limits,
      fc.array(operation, { maxLength: 120, size: "max" }),
      (start, operations) => {
        const roster = new Roster(new MemoryPool(start));
        const model = new Model(start);
        const counts = { waited: 0, held: 0 };
        const ledger = new Ledger({ now: () => 0 }, {
          waited: () => counts.waited++,
          held: () => counts.held++,
        });
        roster.watcher = ledger;
        for (const operation of operations) {
          perform(roster, operation);
          perform(model, operation);
          assertEquals(idsOf(ledger.active), model.active);
          assertEquals(idsOf(ledger.queued), model.queue);
          assertEquals(ledger.next?.id, model.queue[0]);
          const { queuedTotal, connectedTotal, promotedTotal, rejectedTotal } = model.totals;
          const rejected = Object.values(ledger.rejections).reduce((sum, count) => sum + count, 0);
          assertEquals(rejected, rejectedTotal);
          assertEquals(counts.waited, queuedTotal - model.queue.length);
          assertEquals(counts.held, connectedTotal + promotedTotal - model.active.length);
        }
      },
    ),
    { numRuns: 300 },
  );
});
