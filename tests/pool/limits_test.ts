import { assertEquals } from "@std/assert";
import { isLimit, LIMIT_RANGE, limitsChange, MAX_LIMIT } from "../../lib/pool/limits.ts";

for (const value of [0, 1, 100, MAX_LIMIT]) {
  Deno.test(`isLimit: ${value} is one`, () => assertEquals(isLimit(value), true));
}

for (const value of [-1, 1.5, MAX_LIMIT + 1, Infinity, NaN, "1", null, undefined, [], true]) {
  Deno.test(`isLimit: ${JSON.stringify(value)} (${typeof value} ${value}) is none`, () => {
    assertEquals(isLimit(value), false);
  });
}

Deno.test("LIMIT_RANGE: says what isLimit allows", () => {
  assertEquals(LIMIT_RANGE, "an integer from 0 to 9007199254740991");
});

const BEFORE = { maxConnections: 1, backlogSize: 5 };

const changes: [typeof BEFORE, string | undefined][] = [
  [{ maxConnections: 2, backlogSize: 7 }, "max_connections 1 -> 2, backlog_size 5 -> 7"],
  [{ maxConnections: 0, backlogSize: 5 }, "max_connections 1 -> 0"],
  [{ maxConnections: 1, backlogSize: 0 }, "backlog_size 5 -> 0"],
  [{ maxConnections: 1, backlogSize: 5 }, undefined],
];

for (const [after, change] of changes) {
  Deno.test(`limitsChange: from 1 and 5 to ${Object.values(after).join(" and ")} is ${change}`, () => {
    assertEquals(limitsChange(BEFORE, after), change);
  });
}
