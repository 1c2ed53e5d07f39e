import { assertEquals } from "@std/assert";
import { Health } from "../../lib/gate/health.ts";

/** What `-` (a failure), `+` (a success) and `!` (found down) do: `U` where it is up then, `D` down. */
function turns(events: string, rules = { fall: 3, rise: 2 }): string {
  const health = new Health(rules);
  return Array.from(events, (event) => {
    if (event === "+") health.succeed();
    else if (event === "-") health.fail();
    else health.drop();
    return health.up ? "U" : "D";
  }).join("");
}

Deno.test("Health: is up at first, and one failure takes it down then", () => {
  assertEquals(new Health({ fall: 3, rise: 2 }).up, true);
  assertEquals(turns("-"), "D");
});

Deno.test("Health: falls after so many failures in a row, not before", () => {
  assertEquals(turns("+--+---"), "UUUUUUD");
  assertEquals(turns("+-", { fall: 1, rise: 1 }), "UD");
});

Deno.test("Health: rises after so many successes in a row, and falls as before then", () => {
  assertEquals(turns("-+-++---"), "DDDDUUUD");
  assertEquals(turns("-+", { fall: 1, rise: 1 }), "DU");
});

Deno.test("Health: found down by others, it has to rise as after failures", () => {
  assertEquals(turns("+!++"), "UDDU");
  assertEquals(turns("+-!+!++"), "UUDDDDU");
});
