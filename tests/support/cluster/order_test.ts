import { assertEquals } from "@std/assert";
import type { Visit } from "./crowd.ts";
import { judgeRecord, judgeVisits } from "./order.ts";

const visit = (id: string, came: number, entered: number | undefined): Visit => ({
  ...{ id, gate: 0, came, entered, left: 0, outcome: "served" },
});

Deno.test("judgeVisits: finds who was let in before one that had come before", () => {
  const visits = [visit("a", 0, 900), visit("b", 200, 500), visit("c", 201, undefined)];
  assertEquals(judgeVisits(visits, 100, 50), { promoted: 2, wrong: ["b by 400 ms"] });
});

Deno.test("judgeVisits: lets those be that came at the same time, or saw it a little later", () => {
  assertEquals(judgeVisits([visit("a", 0, 900), visit("b", 99, 500)], 100, 50).wrong, []);
  assertEquals(judgeVisits([visit("a", 0, 550), visit("b", 200, 500)], 100, 50).wrong, []);
});

const command = (words: string) =>
  `17.5 [0 lua] ${words.split(" ").map((word) => `"${word}"`).join(" ")}`;

const record = (...commands: string[]) => judgeRecord(commands.map(command), "p");

Deno.test("judgeRecord: the least ticket of all gates has to be the next", () => {
  const queue = ["ZADD {poolgate:p}:q:1 5 70", "ZADD {poolgate:p}:q:2 4 80"];
  const second = ["ZREM {poolgate:p}:q:2 80", "SADD {poolgate:p}:a:2 80"];
  const first = ["ZREM {poolgate:p}:q:1 70", "SADD {poolgate:p}:a:1 70"];
  assertEquals(record(...queue, ...second, ...first), { promoted: 2, wrong: [] });
  assertEquals(record(...queue, ...first, ...second), {
    ...{ promoted: 2, wrong: ["1/70 (5) before 4"] },
  });
});

Deno.test("judgeRecord: nobody may be let in at once while somebody waits", () => {
  const queue = ["ZADD {poolgate:p}:q:1 5 70"];
  assertEquals(record(...queue, "SADD {poolgate:p}:a:2 80").wrong.length, 1);
  assertEquals(record(...queue, "SADD {poolgate:other}:a:2 80").wrong, []);
  assertEquals(record(...queue, "ZREM {poolgate:p}:q:1 70", "SADD {poolgate:p}:a:2 80").wrong, []);
});

Deno.test("judgeRecord: takes no command but those of scripts", () => {
  assertEquals(judgeRecord(['17.5 [0 127.0.0.1:9] "SADD" "{poolgate:p}:a:1" "7"'], "p").wrong, []);
});
