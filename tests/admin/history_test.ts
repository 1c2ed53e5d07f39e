import { assertEquals } from "@std/assert";
import { History, type Sample, SPAN_NAMES, SPANS } from "../../lib/admin/history.ts";

function sample(time: number, more: Partial<Sample> = {}): Sample {
  const counts = { active: 0, queued: 0, rejected: 0, promoted: 0 };
  return { time, ...counts, maxConnections: 1, backlogSize: 1, ...more };
}

Deno.test("History: by the second, keeps each sample of ten minutes", () => {
  const history = new History();
  for (let time = 0; time < 603; time++) history.add(sample(time + 0.4));
  const times = history.points("10m").map(({ time }) => time);
  assertEquals([times.length, times[0], times.at(-1)], [600, 3.4, 602.4]);
});

Deno.test("History: by the second, two samples in one are two", () => {
  const history = new History();
  for (const time of [10.01, 10.99, 12]) history.add(sample(time));
  assertEquals(history.points("10m").map(({ time }) => time), [10.01, 10.99, 12]);
});

Deno.test("History: a point has the most of its counts, and the latest of all else", () => {
  const history = new History();
  history.add(sample(10, { active: 1, queued: 9, rejected: 5, promoted: 1, backlogSize: 20 }));
  history.add(sample(11, { active: 4, queued: 2, rejected: 6, promoted: 2, backlogSize: 30 }));
  history.add(sample(14.9, { active: 2, queued: 3, rejected: 8, promoted: 4, backlogSize: 30 }));
  history.add(sample(15, { active: 3 }));
  const counts = { active: 4, queued: 9, rejected: 8, promoted: 4, backlogSize: 30 };
  assertEquals(history.points("1h"), [sample(14.9, counts), sample(15, { active: 3 })]);
});

Deno.test("History: keeps as many points of each span as that has, over two days", () => {
  const history = new History();
  const end = 2 * 86_400;
  for (let time = 0; time < end; time++) history.add(sample(time));
  for (const span of SPAN_NAMES) {
    const { seconds, every } = SPANS[span];
    const points = history.points(span);
    assertEquals(points.length, seconds / every);
    assertEquals(points[0]?.time, end - seconds + every - 1);
  }
});
