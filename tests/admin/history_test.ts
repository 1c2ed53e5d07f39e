import { assertEquals } from "@std/assert";
import { History, MAX_SAMPLES, type Sample } from "../../lib/admin/history.ts";

function sample(time: number, waits: number[], admitted = waits, durations = waits): Sample {
  const counts = { active: 0, queued: 0, rejected: 0, promoted: 0 };
  return { time, ...counts, waits, admitted, durations };
}

Deno.test("History: keeps the last samples, the oldest first", () => {
  const history = new History();
  for (let time = 0; time < MAX_SAMPLES + 3; time++) history.add(sample(time, [time]));
  assertEquals(history.samples.length, MAX_SAMPLES);
  assertEquals([history.samples[0]?.time, history.samples.at(-1)?.time], [3, MAX_SAMPLES + 2]);
});

Deno.test("History.since: is what was measured since the oldest sample, or since the start", () => {
  const history = new History();
  const now = { waits: [7, 3], admitted: [5, 0], durations: [1, 1] };
  assertEquals(history.since(now), now);
  history.add(sample(0, [4, 3], [4, 0], [0, 1]));
  history.add(sample(1, [6, 3], [5, 0], [1, 1]));
  assertEquals(history.since(now), { waits: [3, 0], admitted: [1, 0], durations: [1, 0] });
});
