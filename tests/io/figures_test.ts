import { assertEquals } from "@std/assert";
import { showCount, showSeconds } from "../../lib/io/figures.ts";

Deno.test("showCount: has a comma before each three digits", () => {
  const shown = [0, 999, 1000, 1323, 1_000_000, Number.MAX_SAFE_INTEGER].map(showCount);
  assertEquals(shown, ["0", "999", "1,000", "1,323", "1,000,000", "9,007,199,254,740,991"]);
});

Deno.test("showSeconds: has as many decimals as it is told", () => {
  assertEquals([showSeconds(0, 1), showSeconds(49_460, 1), showSeconds(7, 3)], [
    "0.0 s",
    "49.5 s",
    "0.007 s",
  ]);
});
