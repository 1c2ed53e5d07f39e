import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Flags } from "../lib/flags.ts";
import { type Command, HELP, NO_FLAGS, readCommand, VERSION } from "../lib/options.ts";

function read(values: Flags["values"], env: Record<string, string> = {}): Command {
  return readCommand({ ...NO_FLAGS, values }, (name) => env[name]);
}

function complaint(command: Command): string {
  return command.type === "refuse" ? command.complaint : `no complaint, but ${command.type}`;
}

Deno.test("readCommand: without flags and variables, the defaults", () => {
  assertEquals(read({}), {
    type: "run",
    options: {
      limits: { maxConnections: 100, backlogSize: 100 },
      nodeId: undefined,
      logFormat: "text",
      quiet: false,
    },
  });
});

Deno.test("readCommand: every setting by its flag, and by its variable", () => {
  const options = {
    limits: { maxConnections: 0, backlogSize: Number.MAX_SAFE_INTEGER },
    nodeId: "n1",
    logFormat: "json" as const,
    quiet: true,
  };
  const flags = {
    "max-connections": "0",
    "backlog-size": "9007199254740991",
    "node-id": "n1",
    "log-format": "json",
    "quiet": "",
  };
  const env = {
    POOLGATE_MAX_CONNECTIONS: "0",
    POOLGATE_BACKLOG_SIZE: "9007199254740991",
    POOLGATE_NODE_ID: "n1",
    POOLGATE_LOG_FORMAT: "json",
    POOLGATE_QUIET: "1",
  };
  assertEquals(read(flags), { type: "run", options });
  assertEquals(read({}, env), { type: "run", options });
});

Deno.test("readCommand: a flag wins over its variable, also over a bad one", () => {
  const command = read({ "max-connections": "5" }, { POOLGATE_MAX_CONNECTIONS: "bad" });
  assertEquals(command.type === "run" && command.options.limits.maxConnections, 5);
});

Deno.test("readCommand: an empty variable is one that is not set", () => {
  assertEquals(read({}, { POOLGATE_MAX_CONNECTIONS: "", POOLGATE_NODE_ID: "" }), read({}));
});

for (const text of ["", "-1", "+1", "1.5", "1e3", "0x10", " 1", "ten", "9007199254740992"]) {
  Deno.test(`readCommand: --max-connections ${JSON.stringify(text)} is refused`, () => {
    assertStringIncludes(
      complaint(read({ "max-connections": text })),
      `--max-connections is "${text}", it must be an integer from 0 to 9007199254740991`,
    );
  });
}

Deno.test("readCommand: a complaint names the flag or the variable, the value and what is allowed", () => {
  assertStringIncludes(
    complaint(read({ "log-format": "xml" })),
    '--log-format is "xml", it must be text or json',
  );
  assertStringIncludes(complaint(read({ "node-id": "" })), '--node-id is "", it must be a name');
  assertStringIncludes(
    complaint(read({}, { POOLGATE_QUIET: "no" })),
    'POOLGATE_QUIET is "no", it must be true, false, 1 or 0',
  );
});

Deno.test("readCommand: --quiet may be switched off over its variable", () => {
  const command = read({ quiet: "false" }, { POOLGATE_QUIET: "true" });
  assertEquals(command.type === "run" && command.options.quiet, false);
});

Deno.test("readCommand: --help and --version come before any complaint", () => {
  const flags = { ...NO_FLAGS, stray: "--bogus" };
  const env = () => "bad";
  assertEquals(readCommand({ ...flags, help: true }, env), { type: "print", text: HELP });
  assertEquals(readCommand({ ...flags, version: true }, env), { type: "print", text: VERSION });
  assertStringIncludes(complaint(readCommand(flags, env)), '"--bogus" is no flag of poolgate');
});
