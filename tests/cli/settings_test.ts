import { assertEquals, assertStringIncludes } from "@std/assert";
import { GATE_FLAGS, NO_FLAGS } from "../../lib/cli/flag_names.ts";
import { Settings } from "../../lib/cli/settings.ts";
import { type Env, settings, type Values } from "../support/command_line.ts";

Deno.test("Settings: an argument that is no flag is the first complaint", () => {
  const given = new Settings({ ...NO_FLAGS, stray: "--bogus" }, () => "bad");
  assertStringIncludes(given.complaint ?? "", '"--bogus" is no flag of poolgate');
  given.read("quiet", () => ({ allowed: "nothing" }), false);
  assertStringIncludes(given.complaint ?? "", '"--bogus" is no flag of poolgate');
});

Deno.test("Settings.anyOf: is whether a flag or a variable of these was given", () => {
  const ofGate = (values: Values, env: Env = {}) => settings(values, env).anyOf(GATE_FLAGS);
  assertEquals(ofGate({ quiet: "", "max-connections": "1" }), false);
  assertEquals(ofGate({ "reject-as": "close" }), true);
  assertEquals(ofGate({}, { POOLGATE_LISTEN: ":7000" }), true);
});
