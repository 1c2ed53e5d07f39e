/** Quantiles of the last ten minutes, held against the true ones. */

import { assert, assertEquals } from "@std/assert";
import { RecentTimes } from "../../lib/admin/recent_times.ts";
import { Random } from "../support/random.ts";

const QUANTILES = [0, 0.1, 0.5, 0.9, 0.99, 0.999, 1];

/** How far a quantile may be from the true one, as a share of that. */
const ERROR = 0.05;

function assertNear(told: number | undefined, expected: number, what = ""): void {
  const near = told !== undefined && Math.abs(told - expected) <= ERROR * expected;
  assert(near, `${what}: ${told} is not within ${100 * ERROR} % of ${expected}`);
}

/** The quantile of a few values: the least one that so many of them are not above. */
function trueQuantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(Math.ceil(q * sorted.length), 1) - 1]!;
}

const numbers = new Random(7);
const random = () => numbers.next();
const exponential = (mean: number) => -mean * Math.log(1 - random());
const many = (count: number, next: (at: number) => number) =>
  Array.from({ length: count }, (_, at) => next(at));

/**
 * 354 waits of a queue that was full, as they were once seen: p90 2.71 s, p99 3.03 s, the longest
 * 3.06 s. Buckets up to 2.5 s and up to 5 s told 4.16 s and 4.92 s of them.
 */
const SEEN = [
  ...many(318, (at) => 0.2 + 2.5 * at / 317),
  ...many(32, (at) => 2.71 + 0.31 * at / 31),
  ...[3.03, 3.04, 3.05, 3.06],
];

const distributions: [string, number[]][] = [
  ["354 waits in a full queue", SEEN],
  ["one time", [0.7]],
  ["times all alike", many(1000, () => 12.345)],
  ["even times up to a minute", many(10_000, () => 60 * random())],
  ["exponential times of 20 ms", many(10_000, () => 0.001 + exponential(0.02))],
  ["exponential times of an hour", many(10_000, () => exponential(3600))],
  ["short times, and one in a hundred long", many(10_000, (at) => at % 100 === 0 ? 250 : 0.004)],
  ["times over nine powers of ten", many(10_000, () => 10 ** (9 * random() - 3))],
];

for (const [name, times] of distributions) {
  Deno.test(`Times.quantile: is within ${100 * ERROR} % of the true one for ${name}`, () => {
    const recent = new RecentTimes();
    times.forEach((seconds, at) => recent.add(seconds, at));
    const all = recent.at(times.length);
    assertEquals([all.count, all.longest], [times.length, Math.max(...times)]);
    for (const q of QUANTILES) {
      // Thirty days are the longest that is told apart.
      const expected = Math.min(trueQuantile(times, q), 30 * 24 * 3600);
      assertNear(all.quantile(q), expected, `quantile ${q}`);
    }
  });
}

Deno.test("Times.quantile: of 354 waits in a full queue is what the clients have seen", () => {
  const recent = new RecentTimes();
  for (const seconds of SEEN) recent.add(seconds, 0);
  const all = recent.at(0);
  const told = [all.quantile(0.9), all.quantile(0.99), all.longest];
  for (const [at, expected] of [2.71, 3.03, 3.06].entries()) {
    assertNear(told[at], expected);
  }
});

Deno.test("Times: without any, has no quantile and no longest", () => {
  const none = new RecentTimes().at(1e9);
  assertEquals([none.count, none.quantile(0.5), none.longest], [0, undefined, undefined]);
  assertEquals(none.counts([1, 2]), [0, 0, 0]);
});

Deno.test("Times.counts: a time at a bound is below it, and one above all is in the last", () => {
  const recent = new RecentTimes();
  for (const seconds of [0, 0.5, 1, 1.1, 4, 4, 5, 1e9]) recent.add(seconds, 0);
  assertEquals(recent.at(0).counts([1, 2, 4]), [3, 1, 2, 2]);
});

Deno.test("RecentTimes.at: has each time for ten minutes, and for half a minute more at most", () => {
  const begin = 90_000;
  for (let ended = begin; ended < begin + 60_000; ended += 7000) {
    const recent = new RecentTimes();
    recent.add(3, ended);
    for (const later of [0, 1, 299_999, 600_000]) {
      assertEquals(recent.at(ended + later).longest, 3, `${later} ms later`);
    }
    assertEquals(recent.at(ended + 630_000).longest, undefined);
  }
});

Deno.test("RecentTimes.at: a slice that is used again has forgotten what it had", () => {
  const recent = new RecentTimes();
  const hour = 3_600_000;
  for (let now = 0; now < hour; now += 1000) {
    recent.add(now < hour / 2 ? 100 : 1, now);
  }
  const late = recent.at(hour);
  assertEquals([late.count > 590 && late.count < 640, late.longest], [true, 1]);
});
