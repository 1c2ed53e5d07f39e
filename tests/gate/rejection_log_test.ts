import { assertEquals } from "@std/assert";
import { CALM_MS, RejectionLog, SUM_MS } from "../../lib/gate/rejection_log.ts";
import type { Fields } from "../../lib/io/log.ts";
import { FakeClock } from "../support/fake_clock.ts";

function newLog() {
  const clock = new FakeClock();
  const notes: string[] = [];
  const fields: (Fields | undefined)[] = [];
  const log = new RejectionLog(clock, (_, text, said) => {
    notes.push(text);
    fields.push(said);
  });
  return { clock, notes, fields, log };
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

Deno.test("RejectionLog: sums up each minute while it lasts, and all at its end", async () => {
  const { clock, notes, fields, log } = newLog();
  for (let second = 0; second < 130; second++) {
    for (let i = 0; i < 22; i++) log.reject("backlog_full");
    if (second % 20 === 0) log.reject("per_source");
    await clock.advance(1000);
  }
  await clock.advance(CALM_MS);
  const last = "connections turned away in 129.0 s: 2,867 (backlog_full 2,860, per_source 7)";
  assertEquals(notes, [
    FIRST,
    "1,323 turned away in the last minute: backlog_full 1,320, per_source 3",
    "1,323 turned away in the last minute: backlog_full 1,320, per_source 3",
    last,
  ]);
  const reasons = { backlog_full: 1320, per_source: 3 };
  const all = { backlog_full: 2860, per_source: 7 };
  assertEquals(fields, [
    { event: "rejections_began", reason: "backlog_full" },
    { event: "rejections", rejected: 1323, reasons },
    { event: "rejections", rejected: 1323, reasons },
    { event: "rejections_ended", lasted_ms: 129_000, rejected: 2867, reasons: all },
  ]);
  assertEquals(clock.timers, 0);
});

Deno.test("RejectionLog: of one turned away every few seconds for an hour, writes a line a minute", async () => {
  const { clock, notes, log } = newLog();
  const minutes = 60;
  for (let at = 0; at < minutes * SUM_MS; at += CALM_MS - 1) {
    log.reject("backlog_full");
    await clock.advance(CALM_MS - 1);
  }
  assertEquals([notes.length, clock.timers], [1 + minutes, 2]);
  log.end();
  assertEquals([notes.length, clock.timers], [2 + minutes, 0]);
});

Deno.test("RejectionLog.cutShort: tells of how many there was no time to answer, once", async () => {
  const { clock, notes, log } = newLog();
  for (let i = 0; i < 3; i++) log.reject("backlog_full");
  log.cutShort();
  await clock.advance(CALM_MS);
  log.reject("backlog_full");
  await clock.advance(CALM_MS);
  assertEquals(notes.filter((note) => note !== FIRST), [
    "connections turned away in 0.0 s: 3 (backlog_full 3), 1 of them in brief",
    "connections turned away in 0.0 s: 1 (backlog_full 1)",
  ]);
});
