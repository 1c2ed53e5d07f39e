import { assertEquals } from "@std/assert";
import { isStrange, likelySlips } from "../../lib/cli/strange_variables.ts";
import { suggestVariable } from "../../lib/cli/suggestions.ts";

Deno.test("isStrange: is of those that begin as poolgate's do, and are none", () => {
  const variables = ["POOLGATE_LISTN", "POOLGATE_PORT", "POOLGATE_LISTEN", "LISTN", "PATH"];
  assertEquals(variables.filter(isStrange), ["POOLGATE_LISTN", "POOLGATE_PORT"]);
});

Deno.test("likelySlips: each is like a variable, and is none", () => {
  const slips = likelySlips();
  for (const slip of ["LISTN", "LISTENN", "LISETN", "LISTENS", "MAX_CONECTIONS"]) {
    assertEquals(slips.includes(`POOLGATE_${slip}`), true, slip);
  }
  assertEquals(slips.filter((slip) => suggestVariable(slip) === undefined), []);
  assertEquals(new Set(slips).size, slips.length);
});
