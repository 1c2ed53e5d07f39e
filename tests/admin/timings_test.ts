import { assertEquals } from "@std/assert";
import { DURATION_BOUNDS, Timings, WAIT_BOUNDS } from "../../lib/admin/timings.ts";

/** Which buckets hold how many, by their upper bounds. */
function filled(bounds: readonly number[], counts: readonly number[]): [number, number][] {
  const all = counts.map((count, at): [number, number] => [bounds[at] ?? Infinity, count]);
  return all.filter(([, count]) => count > 0);
}

Deno.test("Timings.read: counts each time in its own bucket, a bound in the bucket below it", async () => {
  const timings = new Timings();
  for (const seconds of [0.0004, 0.001, 0.3, 0.5, 0.51, 601]) timings.waited("promoted", seconds);
  for (const seconds of [0, 90_000]) timings.held(seconds);
  const { waits, durations } = await timings.read();
  assertEquals(filled(WAIT_BOUNDS, waits), [[0.001, 2], [0.5, 2], [1, 1], [Infinity, 1]]);
  assertEquals(filled(DURATION_BOUNDS, durations), [[0.001, 1], [Infinity, 1]]);
});

Deno.test("Timings.read: tells those that were let in from those that waited in vain", async () => {
  const timings = new Timings();
  timings.waited("promoted", 0.2);
  timings.waited("timeout", 120);
  timings.waited("abandoned", 4);
  const { waits, admitted } = await timings.read();
  assertEquals(filled(WAIT_BOUNDS, waits), [[0.25, 1], [5, 1], [120, 1]]);
  assertEquals(filled(WAIT_BOUNDS, admitted), [[0.25, 1]]);
});

Deno.test("Timings.read: without a time, every bucket is empty and has its place", async () => {
  const { waits, admitted, durations } = await new Timings().read();
  assertEquals(waits.length, WAIT_BOUNDS.length + 1);
  assertEquals([waits, admitted].map((counts) => filled(WAIT_BOUNDS, counts)), [[], []]);
  assertEquals(durations, new Array(DURATION_BOUNDS.length + 1).fill(0));
});

Deno.test("Timings.read: loses none of more times than are gathered at once", async () => {
  const timings = new Timings();
  const count = 10_000;
  for (let time = 0; time < count; time++) {
    timings.waited("promoted", 0.2);
    timings.held(3);
  }
  const { admitted, durations } = await timings.read();
  assertEquals(filled(WAIT_BOUNDS, admitted), [[0.25, count]]);
  assertEquals(filled(DURATION_BOUNDS, durations), [[5, count]]);
});
