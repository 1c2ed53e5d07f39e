import { assertEquals } from "@std/assert";
import { LoopLag } from "../../lib/admin/loop_lag.ts";

Deno.test("LoopLag.mostMs: is by how much a timer was late at most in its last sixty times", () => {
  const lag = new LoopLag(1000);
  assertEquals(lag.mostMs, 0);
  let now = 50_000;
  lag.tick(now);
  assertEquals(lag.mostMs, 0);
  for (const [passed, most] of [[1000, 0], [1250, 250], [1100, 250], [999, 250]] as const) {
    lag.tick(now += passed);
    assertEquals(lag.mostMs, most);
  }
  for (let time = 0; time < 58; time++) lag.tick(now += 1000);
  assertEquals(lag.mostMs, 100);
  lag.tick(now += 1000);
  lag.tick(now += 1000);
  assertEquals(lag.mostMs, 0);
});
