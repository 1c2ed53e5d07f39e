import { assertEquals } from "@std/assert";
import { AcceptLog, CALM_MS } from "../../lib/io/accept_log.ts";
import { FakeClock } from "../support/fake_clock.ts";

function newLog() {
  const clock = new FakeClock();
  const notes: string[] = [];
  return {
    clock,
    notes,
    log: new AcceptLog(
      clock,
      (level, text) => notes.push(`${level}: ${text}`),
      "accepting connections",
    ),
  };
}

const FAILS = "error: accepting connections fails: too many";
const AGAIN = "info: accepting connections again";

Deno.test("AcceptLog: notes the first failure, and the end when it has worked for long enough", async () => {
  const { clock, notes, log } = newLog();
  log.accepted();
  for (let i = 0; i < 3; i++) log.failed(new Error("too many"));
  log.accepted();
  await clock.advance(CALM_MS - 1);
  assertEquals(notes, [FAILS]);
  log.accepted();
  await clock.advance(1);
  assertEquals([notes, clock.timers], [[FAILS, AGAIN], 0]);
});

Deno.test("AcceptLog: notes one failure where accepting works and fails in turns", async () => {
  const { clock, notes, log } = newLog();
  for (let i = 0; i < 20; i++) {
    log.failed(new Error("too many"));
    log.accepted();
    await clock.advance(CALM_MS / 2);
  }
  assertEquals(notes, [FAILS]);
  await clock.advance(CALM_MS / 2);
  assertEquals(notes, [FAILS, AGAIN]);
});

Deno.test("AcceptLog: the next failure is noted anew", async () => {
  const { clock, notes, log } = newLog();
  for (let i = 0; i < 2; i++) {
    log.failed(new Error("too many"));
    log.accepted();
    await clock.advance(CALM_MS);
  }
  assertEquals(notes, [FAILS, AGAIN, FAILS, AGAIN]);
});

Deno.test("AcceptLog.end: leaves no timer, and says nothing", async () => {
  const { clock, notes, log } = newLog();
  log.failed(new Error("too many"));
  log.accepted();
  log.end();
  assertEquals(clock.timers, 0);
  await clock.advance(CALM_MS);
  assertEquals(notes, [FAILS]);
});
