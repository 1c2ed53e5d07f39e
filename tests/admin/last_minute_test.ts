import { assert, assertEquals } from "@std/assert";
import { LastMinute, type Load } from "../../lib/admin/last_minute.ts";
import { Random } from "../support/random.ts";

const NOTHING = { queued: 0, rejected: 0, promoted: 0, waiting: 0 };

Deno.test("LastMinute: counts since the start, then of one minute", () => {
  const minute = new LastMinute();
  const counts = () => [minute.queued, minute.rejected, minute.promoted];
  minute.add({ time: 100, queued: 4, rejected: 2, promoted: 1, waiting: 3 });
  assertEquals(counts(), [4, 2, 1]);
  for (let time = 101; time < 200; time++) {
    minute.add({ time, queued: time, rejected: 2 * time, promoted: 3 * time, waiting: 0 });
  }
  assertEquals(counts(), [60, 120, 180]);
});

Deno.test("LastMinute.load: worsens at once after a calm, and betters when a minute was better", () => {
  const minute = new LastMinute();
  let rejected = 0;
  const loads: [number, Load][] = [];
  for (let time = 0; time < 400; time++) {
    const waiting = time >= 100 && time < 150 ? 1 : 0;
    if (time === 120) rejected++;
    minute.add({ ...NOTHING, time, rejected, waiting });
    if (loads.at(-1)?.[1] !== minute.load) loads.push([time, minute.load]);
  }
  assertEquals(loads, [[0, "ready"], [100, "waiting"], [160, "turning_away"], [220, "ready"]]);
});

Deno.test("LastMinute.load: under any constant load changes once a minute at most, and under a high one never", () => {
  for (const [rejections, waits] of [[0.01, 0.05], [0.02, 0.5], [0.5, 0.9], [3, 1]] as const) {
    const numbers = new Random(9);
    const minute = new LastMinute();
    let rejected = 0;
    const changes: number[] = [];
    let last: Load = "ready";
    for (let time = 0; time < 4 * 3600; time++) {
      if (numbers.next() < rejections) rejected++;
      const waiting = numbers.next() < waits ? 1 : 0;
      minute.add({ ...NOTHING, time, rejected, waiting });
      if (minute.load !== last) changes.push(time);
      last = minute.load;
    }
    const shortest = Math.min(...changes.slice(1).map((time, at) => time - changes[at]!));
    assert(shortest >= 60, `changes ${shortest} seconds apart`);
    if (rejections >= 0.5) assertEquals(changes.length <= 2, true, `${changes}`);
  }
});
