import { assertEquals } from "@std/assert";
import { delay, reporting } from "../../lib/io/clock.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("reporting: tells what an action throws, and goes on", async () => {
  const clock = new FakeClock();
  const told: unknown[] = [];
  const { now, after } = reporting(clock, (error) => told.push(error));
  const fault = new Error("on purpose");
  after(100, () => {
    throw fault;
  });
  after(200, () => told.push(now()));
  const cancel = after(300, () => told.push("cancelled all the same"));
  cancel();
  await clock.advance(1000);
  assertEquals(told, [fault, 200]);
});

Deno.test("delay: resolves when that time is over", async () => {
  const clock = new FakeClock();
  let over = false;
  delay(clock, 100).then(() => over = true);
  await clock.advance(99);
  assertEquals(over, false);
  await clock.advance(1);
  assertEquals(over, true);
});
