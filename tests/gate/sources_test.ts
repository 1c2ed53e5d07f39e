import { assertEquals, assertThrows } from "@std/assert";
import { Sources } from "../../lib/gate/sources.ts";

Deno.test("Sources: counts each address by itself", () => {
  const sources = new Sources();
  for (const source of ["a", "b", "a"]) sources.add(source);
  assertEquals(["a", "b", "c"].map((source) => sources.count(source)), [2, 1, 0]);
  sources.remove("a");
  sources.remove("b");
  assertEquals(["a", "b"].map((source) => sources.count(source)), [1, 0]);
});

Deno.test("Sources.remove: one that is not there is a fault of poolgate", () => {
  const sources = new Sources();
  sources.add("a");
  sources.remove("a");
  assertThrows(() => sources.remove("a"), Error, "BUG: no connection from a to remove");
});
