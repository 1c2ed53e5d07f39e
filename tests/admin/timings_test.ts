import { assert, assertEquals } from "@std/assert";
import { DURATION_BOUNDS, Timings, WAIT_BOUNDS } from "../../lib/admin/timings.ts";

Deno.test("WAIT_BOUNDS, DURATION_BOUNDS: rise by no more than 1.3, from 5 ms", () => {
  for (const [bounds, last] of [[WAIT_BOUNDS, 600], [DURATION_BOUNDS, 86_400]] as const) {
    assertEquals([bounds[0], bounds.at(-1)], [0.005, last]);
    for (const [at, bound] of bounds.slice(1).entries()) {
      const step = bound / bounds[at]!;
      assert(step > 1.27 && step < 1.31, `${bounds[at]} is followed by ${bound}`);
    }
  }
});

Deno.test("Timings.recent: tells those that were let in from those that waited in vain", () => {
  const timings = new Timings(() => 0);
  timings.waited("promoted", 0.2);
  timings.waited("timeout", 120);
  timings.waited("abandoned", 4);
  timings.held(7);
  const { waits, admitted, durations } = timings.recent();
  assertEquals([waits.count, waits.longest], [3, 120]);
  assertEquals([admitted.count, admitted.longest], [1, 0.2]);
  assertEquals([durations.count, durations.longest], [1, 7]);
});

Deno.test("Timings.waits, Timings.durations: count each time since the start, by how a wait ended", async () => {
  const timings = new Timings(() => 0);
  for (const seconds of [0.0004, 0.005, 0.3, 601]) timings.waited("promoted", seconds);
  timings.waited("timeout", 120);
  timings.held(90_000);
  const below = async (histogram: Timings["waits" | "durations"], le: number | "+Inf") => {
    const { values } = await histogram.get();
    return values.filter(({ labels }) => "le" in labels && labels.le === le)
      .map(({ value }) => value);
  };
  assertEquals(await below(timings.waits, 0.005), [2, 0, 0]);
  assertEquals(await below(timings.waits, 600), [3, 1, 0]);
  assertEquals(await below(timings.waits, "+Inf"), [4, 1, 0]);
  assertEquals(await below(timings.durations, 86_400), [0]);
});

Deno.test("Timings.recent: loses none of more times than are gathered at once", () => {
  const timings = new Timings(() => 0);
  const count = 10_000;
  for (let time = 0; time < count; time++) {
    timings.waited("promoted", 0.2);
    timings.held(3);
  }
  const { admitted, durations } = timings.recent();
  assertEquals([admitted.count, durations.count], [count, count]);
});
