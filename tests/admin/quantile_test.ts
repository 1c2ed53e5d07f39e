import { assertEquals } from "@std/assert";
import { quantile } from "../../lib/admin/quantile.ts";

const BOUNDS = [1, 2, 4];

const cases: [number[], number, number | undefined][] = [
  [[0, 0, 0, 0], 0.5, undefined],
  [[10, 0, 0, 0], 0.5, 0.5],
  [[10, 0, 0, 0], 1, 1],
  [[10, 0, 0, 0], 0, 0],
  [[0, 4, 0, 0], 0.25, 1.25],
  [[0, 4, 0, 0], 0, 1],
  [[5, 5, 0, 0], 0.5, 1],
  [[5, 0, 5, 0], 0.75, 3],
  [[0, 0, 0, 3], 0.5, 4],
  [[9, 0, 0, 1], 0.99, 4],
];

for (const [counts, q, expected] of cases) {
  Deno.test(`quantile: ${q} of ${counts.join(" ")} up to ${BOUNDS.join(" ")} is ${expected}`, () => {
    assertEquals(quantile(BOUNDS, counts, q), expected);
  });
}
