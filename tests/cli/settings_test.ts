import { assertEquals, assertStringIncludes } from "@std/assert";
import { GATE_FLAGS, NO_FLAGS, type ValueFlag } from "../../lib/cli/flag_names.ts";
import { Settings } from "../../lib/cli/settings.ts";
import { type Env, settings, type Values } from "../support/command_line.ts";

Deno.test("Settings: an argument that is no flag is the first complaint", () => {
  const given = new Settings({ ...NO_FLAGS, stray: "--bogus" }, () => "bad");
  assertStringIncludes(given.complaint ?? "", '"--bogus" is no flag of poolgate');
  given.read("quiet", () => ({ allowed: "nothing" }), false);
  assertStringIncludes(given.complaint ?? "", '"--bogus" is no flag of poolgate');
});

Deno.test("Settings: an argument that is no flag is told with what it was meant to be", () => {
  const given = new Settings(
    { ...NO_FLAGS, stray: "--quite", suggestion: "--quiet" },
    () => undefined,
  );
  assertEquals(given.complaint, '"--quite" is no flag of poolgate (did you mean --quiet?)');
});

Deno.test("Settings: a value for a flag that takes none is a complaint", () => {
  const given = (check: string) => new Settings({ ...NO_FLAGS, check }, () => undefined).complaint;
  assertEquals(given("false"), '--check is "false", it takes no value');
  assertEquals(given(""), undefined);
});

Deno.test("Settings: a flag given twice is a complaint, which keeps a secret", () => {
  const repeat = (flag: ValueFlag) =>
    new Settings({ ...NO_FLAGS, repeated: { flag, texts: ["a", "b"] } }, () => undefined).complaint;
  assertEquals(repeat("node-id"), '--node-id is "a" and "b", it may be given only once');
  assertEquals(repeat("admin-token"), "--admin-token is *** and ***, it may be given only once");
  const texts = ["redis://a:s3cret@h", "redis://b:s3cret@h"];
  assertEquals(
    new Settings({ ...NO_FLAGS, repeated: { flag: "cluster", texts } }, () => undefined).complaint,
    '--cluster is "redis://***@h" and "redis://***@h", it may be given only once',
  );
});

Deno.test("Settings: a URL that stands alone is shown without its password", () => {
  const given = new Settings({ ...NO_FLAGS, stray: "redis://:s3cret@host" }, () => undefined);
  assertEquals(given.complaint, '"redis://***@host" is no flag of poolgate');
});

Deno.test("Settings.anyOf: is whether a flag or a variable of these was given", () => {
  const ofGate = (values: Values, env: Env = {}) => settings(values, env).anyOf(GATE_FLAGS);
  assertEquals(ofGate({ quiet: "", "max-connections": "1" }), false);
  assertEquals(ofGate({ "reject-as": "close" }), true);
  assertEquals(ofGate({}, { POOLGATE_LISTEN: ":7000" }), true);
});
