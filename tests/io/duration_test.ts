import { assertEquals } from "@std/assert";
import { readDuration, showDuration } from "../../lib/io/duration.ts";

const good: [string, number][] = [
  ["0", 0],
  ["0s", 0],
  ["1ms", 1],
  ["30s", 30_000],
  ["5m", 300_000],
  ["2h", 7_200_000],
  ["1d", 86_400_000],
  ["1h30m", 5_400_000],
  ["1d2h3m4s5ms", 93_784_005],
  ["0h90m", 5_400_000],
  ["2147483647ms", 2 ** 31 - 1],
];

for (const [text, ms] of good) {
  Deno.test(`readDuration: ${text} is ${ms} ms`, () => assertEquals(readDuration(text), ms));
}

for (
  const text of [
    "",
    "1",
    "s",
    "-1s",
    "1.5s",
    "1 s",
    "1S",
    "30m1h",
    "1m1m",
    "1h 30m",
    "25d",
    "24d24h",
    "2147483648ms",
    "600h",
    "1s1",
  ]
) {
  Deno.test(`readDuration: ${JSON.stringify(text)} is none`, () => {
    assertEquals(readDuration(text), undefined);
  });
}

Deno.test("showDuration: is what readDuration reads, in the longest units", () => {
  const texts = ["0", "1ms", "1500ms", "90s", "2m", "36h", "1d2h3m4s5ms"];
  const shown = texts.map((text) => showDuration(readDuration(text) ?? NaN));
  assertEquals(shown, ["0", "1ms", "1s500ms", "1m30s", "2m", "1d12h", "1d2h3m4s5ms"]);
});
