import { assertEquals } from "@std/assert";
import { VALUE_FLAGS } from "../../lib/cli/flag_names.ts";
import { variableOf } from "../../lib/cli/settings.ts";
import { suggestFlag, suggestVariable, variableWarnings } from "../../lib/cli/suggestions.ts";

const flags: [string, string | undefined][] = [
  ["--max-conections", "--max-connections"],
  ["--max_connections", "--max-connections"],
  ["--maxConnections=5", "--max-connections"],
  ["--maxconn", "--max-connections"],
  ["--backlog", "--backlog-size"],
  ["--forward", "--upstream"],
  ["--quite", "--quiet"],
  ["--admin-tokne=listen", "--admin-token"],
  ["-v", "--version"],
  ["--max", undefined],
  ["--bogus", undefined],
  ["--constructor", undefined],
  ["-x", undefined],
  ["--", undefined],
];

for (const [argument, flag] of flags) {
  Deno.test(`suggestFlag: ${argument} was meant to be ${flag ?? "no flag in particular"}`, () => {
    assertEquals(suggestFlag(argument), flag);
  });
}

Deno.test("suggestVariable: finds the variable that a misspelt one was meant to be", () => {
  assertEquals(suggestVariable("POOLGATE_MAX_CONECTIONS"), "POOLGATE_MAX_CONNECTIONS");
  assertEquals(suggestVariable("POOLGATE_LISTN"), "POOLGATE_LISTEN");
  assertEquals(suggestVariable("POOLGATE_MAXCONNECTIONS"), "POOLGATE_MAX_CONNECTIONS");
});

Deno.test("suggestVariable: has nothing to say of poolgate's own, and of those of other programs", () => {
  const own = VALUE_FLAGS.map(variableOf);
  assertEquals(own.filter(suggestVariable), []);
  assertEquals(["LISTN", "PATH", "MY_POOLGATE_LISTN"].filter(suggestVariable), []);
});

Deno.test("suggestVariable: has nothing to say of those that Kubernetes sets for a service", () => {
  const set = [
    ...["POOLGATE_SERVICE_HOST", "POOLGATE_SERVICE_PORT", "POOLGATE_SERVICE_PORT_ADMIN"],
    ...["POOLGATE_PORT", "POOLGATE_PORT_6432_TCP", "POOLGATE_PORT_6432_TCP_PROTO"],
    ...["POOLGATE_PORT_6432_TCP_PORT", "POOLGATE_PORT_6432_TCP_ADDR"],
  ];
  assertEquals(set.filter(suggestVariable), []);
});

Deno.test("variableWarnings: one for each that was meant to be another", () => {
  assertEquals(variableWarnings(["POOLGATE_LISTEN", "POOLGATE_QUITE", "HOME"]), [
    "POOLGATE_QUITE is no variable of poolgate: did you mean POOLGATE_QUIET?",
  ]);
});
