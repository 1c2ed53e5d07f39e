/** The pool against a naive model, under random operations: everything is compared after each one. */

import { assertEquals } from "@std/assert";
import { MemoryPool } from "../../lib/pool/memory_pool.ts";
import type { Stats } from "../../lib/pool/pool.ts";
import {
  anyLimits,
  anyOperations,
  factsOf,
  IDS,
  PoolModel,
  PoolSubject,
  type Told,
} from "../support/pool_model.ts";
import { fc } from "../support/property.ts";
import { raise } from "../support/raise.ts";

const START = 1000;

function checkInvariants(stats: Stats, paused: boolean): void {
  const { active, queued, maxConnections } = stats;
  const full = paused || active >= maxConnections;
  assertEquals(queued === 0 || full, true, "nobody waits beside a free place");
  const entered = stats.connectedTotal + stats.queuedTotal;
  assertEquals(entered, stats.disconnectedTotal + active + queued, "who entered is in or has left");
}

/** What the changes that an observer has been shown amount to, against the totals of the pool. */
function checkSums(told: readonly Told[], stats: Stats): void {
  const shown = told.filter(({ to }) => to === "observer");
  const count = (fits: (told: Told) => boolean) => shown.filter(fits).length;
  const came = (state: string) => count((told) => told.from === "asking" && told.state === state);
  assertEquals(came("connected"), stats.connectedTotal);
  assertEquals(came("queued"), stats.queuedTotal);
  assertEquals(came("rejected"), stats.rejectedTotal);
  assertEquals(
    count((told) => told.from === "queued" && told.state === "connected"),
    stats.promotedTotal,
  );
  assertEquals(count(({ state }) => state === "left"), stats.disconnectedTotal);
  const gone = (from: string) => count((told) => told.from === from);
  assertEquals(stats.connectedTotal + stats.promotedTotal - gone("connected"), stats.active);
  assertEquals(stats.queuedTotal - gone("queued"), stats.queued);
}

Deno.test("MemoryPool: does what the naive model does, after every operation", () => {
  fc.assert(
    fc.property(anyLimits, anyOperations, (start, operations) => {
      const pool = new MemoryPool(start, raise);
      const subject = new PoolSubject(pool, START);
      const model = new PoolModel(start, START);
      let told = 0;
      for (const operation of operations) {
        assertEquals(subject.perform(operation), model.perform(operation));
        assertEquals(subject.told.slice(told), model.told.slice(told));
        told = model.told.length;
        assertEquals([...pool.clients("connected")].map(factsOf), model.connected.map(factsOf));
        assertEquals([...pool.clients("queued")].map(factsOf), model.queued.map(factsOf));
        assertEquals(
          IDS.map((id) => pool.find(id)?.state),
          IDS.map((id) => model.find(id)?.state),
        );
        assertEquals(pool.stats(), model.stats);
        assertEquals(pool.own, model.counts);
        assertEquals(pool.limits, model.limits);
        assertEquals(pool.full, model.full);
        assertEquals(pool.paused, model.paused);
        assertEquals(subject.toldPaused, model.toldPaused);
        checkInvariants(pool.stats(), model.pauses.length > 0);
      }
      checkSums(subject.told, pool.stats());
    }),
    { numRuns: 300 },
  );
});
