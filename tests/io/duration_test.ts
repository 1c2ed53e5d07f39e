import { assertEquals } from "@std/assert";
import { readDuration } from "../../lib/io/duration.ts";

const good: [string, number][] = [
  ["0", 0],
  ["0s", 0],
  ["1ms", 1],
  ["30s", 30_000],
  ["5m", 300_000],
  ["2h", 7_200_000],
  ["2147483647ms", 2 ** 31 - 1],
];

for (const [text, ms] of good) {
  Deno.test(`readDuration: ${text} is ${ms} ms`, () => assertEquals(readDuration(text), ms));
}

for (
  const text of ["", "1", "s", "-1s", "1.5s", "1 s", "1S", "1d", "2147483648ms", "600h", "1s1"]
) {
  Deno.test(`readDuration: ${JSON.stringify(text)} is none`, () => {
    assertEquals(readDuration(text), undefined);
  });
}
