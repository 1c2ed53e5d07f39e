import { assertEquals, assertThrows } from "@std/assert";
import { Later, whenKnown } from "../../lib/pool/later.ts";

Deno.test("Later.whenKnown: calls once, as soon as the value is known, in the order in which they asked", () => {
  const later = new Later<number>();
  const heard: string[] = [];
  for (const name of ["a", "b"]) later.whenKnown((value) => heard.push(`${name} ${value}`));
  assertEquals(heard, []);
  later.settle(7);
  assertEquals(heard, ["a 7", "b 7"]);
});

Deno.test("Later.whenKnown: calls before it returns where the value is known", () => {
  const later = new Later<number>();
  later.settle(7);
  const heard: number[] = [];
  later.whenKnown((value) => heard.push(value));
  assertEquals(heard, [7]);
});

Deno.test("Later.whenKnown: one who asks while others are told is told at once", () => {
  const later = new Later<number>();
  const heard: string[] = [];
  later.whenKnown((value) => {
    heard.push(`outer ${value}`);
    later.whenKnown((again) => heard.push(`inner ${again}`));
  });
  later.settle(7);
  assertEquals(heard, ["outer 7", "inner 7"]);
});

Deno.test("Later.forget: has one action called no more, and no other", () => {
  const later = new Later<number>();
  const heard: string[] = [];
  const [a, b] = ["a", "b"].map((name) => (value: number) => heard.push(`${name} ${value}`));
  later.whenKnown(a!);
  later.whenKnown(b!);
  later.forget(a!);
  later.settle(7);
  later.forget(b!);
  assertEquals(heard, ["b 7"]);
});

Deno.test("Later.settle: a value may be undefined, and is known all the same", () => {
  const later = new Later<undefined>();
  later.settle(undefined);
  let heard = 0;
  later.whenKnown(() => heard++);
  assertEquals(heard, 1);
});

Deno.test("Later.settle: what one throws is thrown when all have been called", () => {
  const later = new Later<number>();
  const heard: number[] = [];
  const fault = new Error("on purpose");
  for (const error of [fault, new Error("a later one")]) {
    later.whenKnown(() => {
      throw error;
    });
    later.whenKnown((value) => heard.push(value));
  }
  assertEquals(assertThrows(() => later.settle(7)), fault);
  assertEquals(heard, [7, 7]);
});

Deno.test("Later.settle: a second time is a bug, and tells nobody anything", () => {
  const later = new Later<number>();
  const heard: number[] = [];
  later.whenKnown((value) => heard.push(value));
  later.settle(7);
  assertThrows(() => later.settle(8), Error, "BUG:");
  later.whenKnown((value) => heard.push(value));
  assertEquals(heard, [7, 7]);
});

Deno.test("whenKnown: takes a value that is known, and one that is known later", () => {
  const later = new Later<string>();
  const heard: string[] = [];
  whenKnown<string>("now", (value) => heard.push(value));
  whenKnown<string>(later, (value) => heard.push(value));
  assertEquals(heard, ["now"]);
  later.settle("later");
  assertEquals(heard, ["now", "later"]);
});
