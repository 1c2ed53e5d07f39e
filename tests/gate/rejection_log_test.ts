import { assertEquals } from "@std/assert";
import { CALM_MS, RejectionLog } from "../../lib/gate/rejection_log.ts";
import { FakeClock } from "../support/fake_clock.ts";

function newLog() {
  const clock = new FakeClock();
  const notes: string[] = [];
  return { clock, notes, log: new RejectionLog(clock, (text) => notes.push(text)) };
}

const FIRST = "turning connections away: too many connections, and the queue is full";

Deno.test("RejectionLog: notes the first, and the count of all when it has been calm for long enough", async () => {
  const { clock, notes, log } = newLog();
  for (let i = 0; i < 100; i++) {
    log.reject(i % 4 === 0 ? "per_source" : "backlog_full");
    await clock.advance(CALM_MS / 10);
  }
  assertEquals(notes.length, 1);
  await clock.advance(CALM_MS);
  assertEquals(notes.length, 2);
  assertEquals(
    notes[1],
    "connections turned away in 49.5 s: 100 (per_source 25, backlog_full 75)",
  );
  assertEquals(clock.timers, 0);
});

Deno.test("RejectionLog: the next one is noted anew", async () => {
  const { clock, notes, log } = newLog();
  for (let i = 0; i < 2; i++) {
    log.reject("backlog_full");
    await clock.advance(2 * CALM_MS);
  }
  const last = "connections turned away in 0.0 s: 1 (backlog_full 1)";
  assertEquals(notes, [FIRST, last, FIRST, last]);
});

Deno.test("RejectionLog.end: counts at once, and nothing where none was turned away", () => {
  const { clock, notes, log } = newLog();
  log.end();
  log.reject("backlog_full");
  log.reject("backlog_full");
  log.end();
  log.end();
  assertEquals(notes, [FIRST, "connections turned away in 0.0 s: 2 (backlog_full 2)"]);
  assertEquals(clock.timers, 0);
});
