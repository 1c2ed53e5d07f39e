import { assertEquals } from "@std/assert";
import { NO_FLAGS } from "../../lib/cli/flag_names.ts";
import { parseFlags } from "../../lib/cli/flags.ts";

Deno.test("parseFlags: takes a value behind a space or an equals sign", () => {
  const { values, stray } = parseFlags([
    "--max-connections",
    "1",
    "--backlog-size=3",
  ]);
  assertEquals([values["max-connections"], values["backlog-size"], stray], ["1", "3", undefined]);
});

Deno.test("parseFlags: joins what is given for a flag that may be repeated", () => {
  const { values } = parseFlags(["--admin-host", "a", "--admin-host=b,c", "--admin", ":0"]);
  assertEquals(values, { "admin-host": "a,b,c", admin: ":0" });
  const several = parseFlags(["--upstream", "a:1", "--upstream", "b:1"]);
  assertEquals([several.values, several.repeated], [{ upstream: "a:1,b:1" }, undefined]);
});

Deno.test("parseFlags: a value keeps its spelling", () => {
  assertEquals(parseFlags(["--node-id", "007"]).values["node-id"], "007");
  assertEquals(parseFlags(["--node-id", "true"]).values["node-id"], "true");
});

Deno.test("parseFlags: a value may be empty or begin with a dash", () => {
  assertEquals(parseFlags(["--max-connections", "-1", "--node-id", ""]), {
    ...NO_FLAGS,
    values: { "max-connections": "-1", "node-id": "" },
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

Deno.test("parseFlags: knows --help, -h, --version and -V", () => {
  const asked = (flag: string) => [parseFlags([flag]).help, parseFlags([flag]).version];
  assertEquals(["--help", "-h", "--version", "-V"].map(asked), [
    [true, false],
    [true, false],
    [false, true],
    [false, true],
  ]);
  assertEquals(parseFlags(["--help", "false"]).help, true);
});

Deno.test("parseFlags: no arguments are those of NO_FLAGS", () => {
  assertEquals(parseFlags([]), NO_FLAGS);
});

Deno.test("parseFlags: --print has a value", () => {
  assertEquals(parseFlags(["--print", "man"]).print, "man");
  assertEquals(parseFlags(["--print"]).print, "");
});

Deno.test("parseFlags: --check needs no value, --completions has one", () => {
  const { check, completions } = parseFlags(["--check", "--completions", "zsh"]);
  assertEquals([check, completions], ["", "zsh"]);
  assertEquals(parseFlags(["--check=false"]).check, "false");
  assertEquals(parseFlags(["--completions"]).completions, "");
});

Deno.test("parseFlags: tells of the same flag given twice, with its values", () => {
  const { repeated } = parseFlags(["--node-id", "a", "--quiet", "--node-id=b"]);
  assertEquals(repeated, { flag: "node-id", texts: ["a", "b"] });
});

Deno.test("parseFlags: one that may be repeated has all its values, with commas between", () => {
  const { values, repeated } = parseFlags(["--node-id", "a", "--node-id=b"], ["node-id"]);
  assertEquals([values["node-id"], repeated], ["a,b", undefined]);
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
