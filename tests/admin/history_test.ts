import { assertEquals } from "@std/assert";
import { History, MAX_SAMPLES } from "../../lib/admin/history.ts";

Deno.test("History: keeps the last samples, the oldest first", () => {
  const history = new History();
  for (let time = 0; time < MAX_SAMPLES + 3; time++) {
    history.add({ time, active: 0, queued: 0, rejected: 0, promoted: 0 });
  }
  assertEquals(history.samples.length, MAX_SAMPLES);
  assertEquals([history.samples[0]?.time, history.samples.at(-1)?.time], [3, MAX_SAMPLES + 2]);
});
