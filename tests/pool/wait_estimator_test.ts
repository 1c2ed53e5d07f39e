/** Expected waits held against true ones, in simulations with the real pool and a made-up time. */

import { assert, assertEquals } from "@std/assert";
import type { Client } from "../../lib/pool/client.ts";
import type { Limits } from "../../lib/pool/limits.ts";
import { MemoryPool } from "../../lib/pool/memory_pool.ts";
import { MIN_HELD } from "../../lib/pool/expected_wait.ts";
import { WaitEstimator } from "../../lib/pool/wait_estimator.ts";
import { raise } from "../support/raise.ts";
import { Random } from "../support/random.ts";

/** What was expected when a client was queued, and what became of that, in seconds. */
interface Observed {
  arrived: number;
  expected: number | undefined;
  p10: number;
  p90: number;
  waited: number;
}

/** A load: when clients come, in rising order, and for how long each holds its place. */
interface Load {
  arrivals: readonly number[];
  /** From when on waits count: at first, only places held for short were given back. */
  from?: number;
  hold: (promotedAt: number) => number;
}

/** Runs a load, in seconds, until everybody has left. */
function run(limits: Limits, { arrivals, from = 0, hold }: Load, numbers: Random): Observed[] {
  const pool = new MemoryPool(limits, raise);
  const estimator = new WaitEstimator(pool, () => numbers.next());
  pool.observe(estimator);
  const leaves: { at: number; client: Client }[] = [];
  const told = new Map<string, Omit<Observed, "waited">>();
  const observed: Observed[] = [];
  const take = (client: Client, now: number) => {
    leaves.push({ at: now + hold(now), client });
    leaves.sort((a, b) => a.at - b.at);
  };
  let now = 0;
  pool.observe({
    changed: (client, from, ms) => {
      if (client.state !== "connected") return;
      const estimate = told.get(client.id);
      if (from === "queued" && estimate) observed.push({ ...estimate, waited: ms / 1000 });
      take(client, now);
    },
  });
  for (let next = 0; next < arrivals.length || leaves.length > 0;) {
    const arrival = arrivals[next] ?? Infinity;
    const leave = leaves[0];
    if (leave !== undefined && leave.at <= arrival) {
      leaves.shift();
      now = leave.at;
      pool.leave(leave.client, 1000 * now);
      continue;
    }
    now = arrival;
    const id = `${next++}`;
    if (now >= from) {
      const { p10 = NaN, p50, p90 = NaN } = estimator.at(1000 * now) ?? {};
      const expected = p50 === undefined ? undefined : p50 / 1000;
      told.set(id, { arrived: now, expected, p10: p10 / 1000, p90: p90 / 1000 });
    }
    pool.connect(id, undefined, 1000 * now);
  }
  return observed;
}

/** How it went: the median error of what was known, which part that was, and was in the spread. */
function summary(observed: readonly Observed[]) {
  const known = observed.filter(({ expected }) => expected !== undefined);
  const errors = known.map(({ expected, waited }) => Math.abs(expected! - waited) / waited)
    .sort((a, b) => a - b);
  const within = known.filter(({ p10, p90, waited }) => p10 <= waited && waited <= p90);
  return {
    count: observed.length,
    known: known.length / observed.length,
    error: errors[errors.length >> 1] ?? NaN,
    within: within.length / known.length,
  };
}

/** Clients that come by chance, so many a second on average. */
function steady(rate: number, from: number, to: number, numbers: Random): number[] {
  const arrivals: number[] = [];
  for (let at = from;;) {
    at -= Math.log(1 - numbers.next()) / rate;
    if (at >= to) return arrivals;
    arrivals.push(at);
  }
}

/** How long a place is held: a second on average. */
const HOLDS: Record<string, (numbers: Random) => number> = {
  "a second": () => 1,
  "half a second to one and a half": (numbers) => 0.5 + numbers.next(),
  "a time that is exponential": (numbers) => -Math.log(1 - numbers.next()),
  "a short time, and now and then a long one": (numbers) =>
    numbers.next() < 0.9 ? 0.5 : 11 * numbers.next(),
};

interface Scenario {
  limits: Limits;
  arrivals: (numbers: Random) => number[];
  from?: number;
}

/** Ten places serve ten clients a second. */
const LOADS: Record<string, Scenario> = {
  "steady load": {
    limits: { maxConnections: 10, backlogSize: 50 },
    arrivals: (numbers) => steady(11, 0, 100, numbers),
  },
  "steady load of a large pool": {
    limits: { maxConnections: 300, backlogSize: 300 },
    arrivals: (numbers) => [
      ...steady(1200, 0, 0.5, numbers),
      ...steady(310, 0.5, 19, numbers),
    ],
    from: 15,
  },
  "bursts of forty": {
    limits: { maxConnections: 10, backlogSize: 50 },
    arrivals: () => Array.from({ length: 800 }, (_, at) => 10 * Math.floor(at / 40) + at % 40 / 50),
  },
  "load that stops, and comes again": {
    limits: { maxConnections: 10, backlogSize: 200 },
    arrivals: (numbers) =>
      Array.from({ length: 5 }, (_, time) => steady(25, 30 * time, 30 * time + 10, numbers))
        .flat(),
  },
};

/** How far the expected wait may be from the true one in the median, as a share of that. */
const ERROR = 0.3;

/** How many of those that waited are to have been told a wait, at least. */
const KNOWN = 0.9;

/** How many of those were to be in the spread of four in five, at least, where chance has a part. */
const WITHIN = 0.4;

for (const [load, { limits, arrivals, from = 0 }] of Object.entries(LOADS)) {
  for (const [held, hold] of Object.entries(HOLDS)) {
    Deno.test(`WaitEstimator.at: under ${load}, with places held for ${held}, is near the true wait`, () => {
      const numbers = new Random(15);
      const times = { arrivals: arrivals(numbers), from, hold: () => hold(numbers) };
      const observed = run(limits, times, numbers);
      const { count, known, error, within } = summary(observed);
      const told = JSON.stringify({ count, known, error, within });
      assert(count > 300, told);
      assert(known >= KNOWN && error < ERROR, told);
      assert(within >= WITHIN || held === "a second", told);
    });
  }
}

for (const [held, hold] of Object.entries(HOLDS)) {
  Deno.test(`WaitEstimator.at: when places held for ${held} are given back no more, is unknown`, () => {
    const numbers = new Random(15);
    const [stop, long] = [60, 20];
    const times = {
      arrivals: steady(11, 0, 120, numbers),
      hold: (promotedAt: number) => promotedAt < stop ? hold(numbers) : 1000,
    };
    const observed = run({ maxConnections: 10, backlogSize: 500 }, times, numbers);
    const late = observed.filter(({ arrived }) => arrived > stop + long);
    assert(late.length > 100);
    assertEquals(late.filter(({ expected }) => expected !== undefined), []);
  });
}

/** A pool of two places that were held for a second each, some times, and its estimator. */
function used(times: number) {
  const pool = new MemoryPool({ maxConnections: 2, backlogSize: 9 }, raise);
  const estimator = new WaitEstimator(pool, () => 0.5);
  pool.observe(estimator);
  for (let time = 0; time < times; time++) {
    const client = pool.connect("a", undefined, 0);
    pool.leave(client, 1000);
  }
  return { pool, estimator };
}

const NONE = { p10: 0, p50: 0, p90: 0 };

Deno.test("WaitEstimator.at: is nothing while there is room, and of one more place all that is left", () => {
  const { pool, estimator } = used(MIN_HELD);
  assertEquals(estimator.at(1000), NONE);
  pool.connect("a", undefined, 1000);
  assertEquals(estimator.at(1000), NONE);
  pool.connect("b", undefined, 1200);
  assertEquals(estimator.at(1700), { p10: 300, p50: 300, p90: 300 });
  pool.connect("c", undefined, 1700);
  assertEquals(estimator.at(1700)?.p50, 500);
  pool.connect("d", undefined, 1700);
  assertEquals(estimator.at(1700)?.p50, 1300);
});

Deno.test("WaitEstimator.at: with more clients in than there are places, begins when those are too many no more", () => {
  const { pool, estimator } = used(MIN_HELD);
  for (const [at, id] of ["a", "b"].entries()) pool.connect(id, undefined, 1000 + 100 * at);
  pool.configure({ maxConnections: 1 }, 1200);
  assertEquals(estimator.at(1200)?.p50, 900);
});

Deno.test("WaitEstimator.at: is unknown until places were given back, and when that is ten minutes past", () => {
  const { pool, estimator } = used(MIN_HELD - 1);
  const [a] = ["a", "b"].map((id) => pool.connect(id, undefined, 1000)) as [Client, Client];
  assertEquals(estimator.at(1500), undefined);
  pool.leave(a, 2000);
  pool.connect("c", undefined, 2000);
  assertEquals(typeof estimator.at(2000)?.p50, "number");
  assertEquals(estimator.at(603_000), undefined);
});

Deno.test("WaitEstimator.at: is unknown while nobody is let in", () => {
  const { pool, estimator } = used(MIN_HELD);
  pool.pause("upstream_down");
  assertEquals(estimator.at(1000), undefined);
  pool.resume("upstream_down", 1000);
  assertEquals(estimator.at(1000), NONE);
  pool.configure({ maxConnections: 0 }, 1000);
  assertEquals(estimator.at(1000), undefined);
});

Deno.test("WaitEstimator.lately: is what it was a moment ago", () => {
  const { pool, estimator } = used(MIN_HELD);
  for (const id of ["a", "b"]) pool.connect(id, undefined, 1000);
  assertEquals(estimator.lately(1000)?.p50, 1000);
  assertEquals(estimator.lately(1199)?.p50, 1000);
  assertEquals(estimator.lately(1200)?.p50, 800);
});
