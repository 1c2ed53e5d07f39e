import { assertEquals } from "@std/assert";
import { reporting } from "../../lib/io/clock.ts";
import { Timeouts } from "../../lib/io/timeouts.ts";
import { FakeClock } from "../support/fake_clock.ts";

function newTimeouts(ms: number) {
  const clock = new FakeClock();
  const expired: string[] = [];
  const timeouts = new Timeouts<string>(
    clock,
    ms,
    (name) => expired.push(`${name} at ${clock.now()}`),
  );
  const begin = (name: string) => timeouts.begin(name);
  return { clock, timeouts, expired, begin };
}

Deno.test("Timeouts: each expires when its own time is up, with one timer for all", async () => {
  const { clock, expired, begin } = newTimeouts(100);
  begin("a");
  await clock.advance(30);
  begin("b");
  begin("c");
  assertEquals(clock.timers, 1);
  await clock.advance(69);
  assertEquals(expired, []);
  await clock.advance(31);
  assertEquals(expired, ["a at 100", "b at 130", "c at 130"]);
  assertEquals(clock.timers, 0);
});

Deno.test("Timeouts.end: an ended wait does not expire, the others do", async () => {
  const { clock, timeouts, expired, begin } = newTimeouts(100);
  const a = begin("a");
  const b = begin("b");
  begin("c");
  timeouts.end(a);
  timeouts.end(b);
  timeouts.end(b);
  await clock.advance(200);
  assertEquals(expired, ["c at 100"]);
  timeouts.end(a);
});

Deno.test("Timeouts.extend: begins a wait anew, and leaves one that is over", async () => {
  const { clock, timeouts, expired, begin } = newTimeouts(100);
  const a = begin("a");
  begin("b");
  await clock.advance(60);
  timeouts.extend(a);
  await clock.advance(1000);
  timeouts.extend(a);
  await clock.advance(1000);
  assertEquals(expired, ["b at 100", "a at 160"]);
});

Deno.test("Timeouts: a wait that begins when another expires has its whole time", async () => {
  const clock = new FakeClock();
  const expired: string[] = [];
  const timeouts = new Timeouts<string>(clock, 100, (name) => {
    expired.push(`${name} at ${clock.now()}`);
    if (name === "first") timeouts.begin("next");
  });
  timeouts.begin("first");
  await clock.advance(100);
  assertEquals([expired, clock.timers], [["first at 100"], 1]);
  await clock.advance(1000);
  assertEquals([expired, clock.timers], [["first at 100", "next at 200"], 0]);
});

Deno.test("Timeouts: what one throws as it expires is told, and all others expire at their time", async () => {
  const clock = new FakeClock();
  const told: string[] = [];
  const faults = reporting(clock, (error) => told.push((error as Error).message));
  const timeouts = new Timeouts<string>(faults, 100, (name) => {
    told.push(`${name} at ${clock.now()}`);
    if (name.startsWith("bad")) throw new Error(`of ${name}`);
  });
  for (const name of ["a", "bad1", "bad2", "b"]) timeouts.begin(name);
  await clock.advance(50);
  for (const name of ["c", "bad3"]) timeouts.begin(name);
  await clock.advance(100);
  assertEquals(told, [
    ...["a at 100", "bad1 at 100", "of bad1", "bad2 at 100", "of bad2", "b at 100"],
    ...["c at 150", "bad3 at 150", "of bad3"],
  ]);
  assertEquals(clock.timers, 0);
  timeouts.begin("d");
  await clock.advance(100);
  assertEquals(told.at(-1), "d at 250");
});

Deno.test("Timeouts: of 0, nothing ever expires and no timer is set", async () => {
  const { clock, timeouts, expired, begin } = newTimeouts(0);
  const a = begin("a");
  timeouts.extend(a);
  assertEquals(clock.timers, 0);
  await clock.advance(1e9);
  timeouts.end(a);
  assertEquals(expired, []);
});
