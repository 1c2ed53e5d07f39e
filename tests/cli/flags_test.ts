import { assertEquals } from "@std/assert";
import { parseFlags } from "../../lib/cli/flags.ts";

Deno.test("parseFlags: takes a value behind a space or an equals sign, the last of two", () => {
  const { values, stray } = parseFlags([
    "--max-connections",
    "1",
    "--backlog-size=2",
    "--backlog-size=3",
  ]);
  assertEquals([values["max-connections"], values["backlog-size"], stray], ["1", "3", undefined]);
});

Deno.test("parseFlags: a value keeps its spelling", () => {
  assertEquals(parseFlags(["--node-id", "007"]).values["node-id"], "007");
  assertEquals(parseFlags(["--node-id", "true"]).values["node-id"], "true");
});

Deno.test("parseFlags: a value may be empty or begin with a dash", () => {
  assertEquals(parseFlags(["--max-connections", "-1", "--node-id", ""]), {
    help: false,
    version: false,
    values: { "max-connections": "-1", "node-id": "" },
    stray: undefined,
  });
});

Deno.test("parseFlags: a flag is no value for the flag before it", () => {
  const { values } = parseFlags(["--node-id", "--quiet"]);
  assertEquals([values["node-id"], values.quiet], ["", ""]);
});

Deno.test("parseFlags: --quiet needs no value", () => {
  assertEquals(parseFlags(["--quiet"]).values.quiet, "");
  assertEquals(parseFlags([]).values.quiet, undefined);
});

Deno.test("parseFlags: knows --help, -h and --version", () => {
  const asked = (flag: string) => [parseFlags([flag]).help, parseFlags([flag]).version];
  assertEquals([asked("--help"), asked("-h"), asked("--version")], [
    [true, false],
    [true, false],
    [false, true],
  ]);
  assertEquals(parseFlags(["--help", "false"]).help, true);
});

const strays: [string[], string][] = [
  [["--bogus"], "--bogus"],
  [["--bogus=1"], "--bogus=1"],
  [["-x"], "-x"],
  [["word"], "word"],
  [["7"], "7"],
  [["--", "word"], "word"],
  [["--max-connections.x", "1"], "--max-connections.x"],
  [["--__proto__", "1"], "--__proto__"],
  [["--no-quiet"], "--no-quiet"],
];

for (const [argv, stray] of strays) {
  Deno.test(`parseFlags: ${argv.join(" ")} is none of its flags`, () => {
    assertEquals(parseFlags(argv).stray, stray);
  });
}
