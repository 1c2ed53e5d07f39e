import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Flags } from "../../lib/cli/flags.ts";
import { readAdminOptions } from "../../lib/cli/admin_options.ts";
import { readGateOptions } from "../../lib/gate/gate_options.ts";
import {
  GATE_FLAGS,
  NO_FLAGS,
  type Options,
  readOptions,
  Settings,
} from "../../lib/cli/options.ts";

function read(values: Flags["values"], env: Record<string, string> = {}) {
  const settings = new Settings({ ...NO_FLAGS, values }, (name) => env[name]);
  return readOptions(settings, readGateOptions, readAdminOptions);
}

function options(values: Flags["values"], env: Record<string, string> = {}): Options {
  const reading = read(values, env);
  if ("complaint" in reading) throw new Error(reading.complaint);
  return reading.options;
}

function complaint(values: Flags["values"], env: Record<string, string> = {}): string {
  const reading = read(values, env);
  return "complaint" in reading ? reading.complaint : "no complaint";
}

Deno.test("readOptions: without flags and variables, the defaults", () => {
  assertEquals(options({}), {
    limits: { maxConnections: 100, backlogSize: 100 },
    nodeId: undefined,
    logFormat: "text",
    quiet: false,
    gate: undefined,
    admin: undefined,
  });
});

Deno.test("readOptions: every setting by its flag, and by its variable", () => {
  const expected: Options = {
    limits: { maxConnections: 0, backlogSize: Number.MAX_SAFE_INTEGER },
    nodeId: "n1",
    logFormat: "json",
    quiet: true,
    gate: {
      listen: { transport: "unix", path: "/run/door" },
      upstream: { transport: "tcp", hostname: "::1", port: 5432 },
      queueTimeoutMs: 500,
      connectTimeoutMs: 2000,
      idleTimeoutMs: 180_000,
      drainTimeoutMs: 0,
      rejectAs: "postgres",
      maxPerSource: 3,
      proxyProtocol: "v2",
      logConnections: true,
    },
    admin: {
      listen: { transport: "tcp", hostname: undefined, port: 9090 },
      token: "s3cret-._~+/==",
    },
  };
  const flags = {
    "max-connections": "0",
    "backlog-size": "9007199254740991",
    "node-id": "n1",
    "log-format": "json",
    "quiet": "",
    "listen": "unix:/run/door",
    "upstream": "[::1]:5432",
    "queue-timeout": "500ms",
    "connect-timeout": "2s",
    "idle-timeout": "3m",
    "drain-timeout": "0",
    "reject-as": "postgres",
    "max-per-source": "3",
    "proxy-protocol": "v2",
    "log-connections": "",
    "admin": ":9090",
    "admin-token": "s3cret-._~+/==",
  };
  const env = {
    POOLGATE_MAX_CONNECTIONS: "0",
    POOLGATE_BACKLOG_SIZE: "9007199254740991",
    POOLGATE_NODE_ID: "n1",
    POOLGATE_LOG_FORMAT: "json",
    POOLGATE_QUIET: "1",
    POOLGATE_LISTEN: "unix:/run/door",
    POOLGATE_UPSTREAM: "[::1]:5432",
    POOLGATE_QUEUE_TIMEOUT: "500ms",
    POOLGATE_CONNECT_TIMEOUT: "2s",
    POOLGATE_IDLE_TIMEOUT: "3m",
    POOLGATE_DRAIN_TIMEOUT: "0",
    POOLGATE_REJECT_AS: "postgres",
    POOLGATE_MAX_PER_SOURCE: "3",
    POOLGATE_PROXY_PROTOCOL: "v2",
    POOLGATE_ADMIN: ":9090",
    POOLGATE_ADMIN_TOKEN: "s3cret-._~+/==",
    POOLGATE_LOG_CONNECTIONS: "true",
  };
  assertEquals(options(flags), expected);
  assertEquals(options({}, env), expected);
});

Deno.test("readOptions: a flag wins over its variable, also over a bad one", () => {
  const { limits } = options({ "max-connections": "5" }, { POOLGATE_MAX_CONNECTIONS: "bad" });
  assertEquals(limits.maxConnections, 5);
});

Deno.test("readOptions: an empty variable is one that is not set", () => {
  assertEquals(read({}, { POOLGATE_MAX_CONNECTIONS: "", POOLGATE_NODE_ID: "" }), read({}));
});

for (const text of ["", "-1", "+1", "1.5", "1e3", "0x10", " 1", "ten", "9007199254740992"]) {
  Deno.test(`readOptions: --max-connections ${JSON.stringify(text)} is refused`, () => {
    assertStringIncludes(
      complaint({ "max-connections": text }),
      `--max-connections is "${text}", it must be an integer from 0 to 9007199254740991`,
    );
  });
}

Deno.test("readOptions: a complaint names the flag or the variable, the value and what is allowed", () => {
  assertStringIncludes(
    complaint({ "log-format": "xml" }),
    '--log-format is "xml", it must be text or json',
  );
  assertStringIncludes(complaint({ "node-id": "" }), '--node-id is "", it must be a name');
  assertStringIncludes(
    complaint({}, { POOLGATE_QUIET: "no" }),
    'POOLGATE_QUIET is "no", it must be true, false, 1 or 0',
  );
});

Deno.test("readOptions: --quiet may be switched off over its variable", () => {
  assertEquals(options({ quiet: "false" }, { POOLGATE_QUIET: "true" }).quiet, false);
});

Deno.test("Settings: an argument that is no flag is the first complaint", () => {
  const settings = new Settings({ ...NO_FLAGS, stray: "--bogus" }, () => "bad");
  assertStringIncludes(settings.complaint ?? "", '"--bogus" is no flag of poolgate');
  settings.read("quiet", () => ({ allowed: "nothing" }), false);
  assertStringIncludes(settings.complaint ?? "", '"--bogus" is no flag of poolgate');
});

Deno.test("Settings.anyOf: is whether a flag or a variable of these was given", () => {
  const ofGate = (values: Flags["values"], env: Record<string, string> = {}) =>
    new Settings({ ...NO_FLAGS, values }, (name) => env[name]).anyOf(GATE_FLAGS);
  assertEquals(ofGate({ quiet: "", "max-connections": "1" }), false);
  assertEquals(ofGate({ "reject-as": "close" }), true);
  assertEquals(ofGate({}, { POOLGATE_LISTEN: ":7000" }), true);
});

Deno.test("readGateOptions: a gate without an upstream says so in the pool's messages, one with it is silent", () => {
  const gate = (values: Flags["values"]) => options({ listen: ":7000", ...values }).gate;
  assertEquals(gate({})?.rejectAs, "line");
  assertEquals(gate({ upstream: "db:5432" })?.rejectAs, "close");
});

Deno.test("readGateOptions: without flags, the defaults that --help tells", () => {
  assertEquals(options({ listen: "localhost:0" }).gate, {
    listen: { transport: "tcp", hostname: "localhost", port: 0 },
    upstream: undefined,
    queueTimeoutMs: 120_000,
    connectTimeoutMs: 10_000,
    idleTimeoutMs: 0,
    drainTimeoutMs: 30_000,
    rejectAs: "line",
    maxPerSource: undefined,
    proxyProtocol: undefined,
    logConnections: false,
  });
});

const LISTEN = { listen: ":7000" };
const FORWARD = { ...LISTEN, upstream: "db:5432" };

const refused: [Flags["values"], string][] = [
  [
    { listen: "7000" },
    '--listen is "7000", it must be HOST:PORT, [V6]:PORT, :PORT (every interface)',
  ],
  [{ upstream: "db:5432" }, '--upstream is "db:5432", it needs --listen'],
  [{ "idle-timeout": "5s" }, '--idle-timeout is "5s", it needs --listen'],
  [{ ...LISTEN, upstream: ":5432" }, '--upstream is ":5432", it must be HOST:PORT, [V6]:PORT'],
  [{ ...LISTEN, upstream: "db:0" }, '--upstream is "db:0", it must be HOST:PORT, [V6]:PORT'],
  [{ ...LISTEN, "connect-timeout": "5s" }, '--connect-timeout is "5s", it needs --upstream'],
  [{ ...LISTEN, "proxy-protocol": "v1" }, '--proxy-protocol is "v1", it needs --upstream'],
  [{ ...LISTEN, "queue-timeout": "5" }, '--queue-timeout is "5", it must be a duration such as'],
  [{ ...LISTEN, "max-per-source": "0" }, '--max-per-source is "0", it must be an integer from 1'],
  [{ ...LISTEN, "reject-as": "http" }, "must be close or line without --upstream"],
  [{ ...FORWARD, "reject-as": "ftp" }, "must be close, line, http, postgres, mysql or redis"],
  [{ ...FORWARD, "proxy-protocol": "3" }, '--proxy-protocol is "3", it must be v1 or v2'],
];

for (const [values, text] of refused) {
  Deno.test(`readGateOptions: refuses ${JSON.stringify(values)}, saying why`, () => {
    assertStringIncludes(complaint(values), text);
  });
}

const refusedForOperators: [Flags["values"], string][] = [
  [
    { admin: "9090" },
    '--admin is "9090", it must be HOST:PORT, [V6]:PORT, :PORT (every interface)',
  ],
  [{ "admin-token": "s3cret" }, "--admin-token is ***, it needs --admin"],
  [{ admin: ":0", "admin-token": "" }, "--admin-token is ***, it must be 1 to 256 letters"],
  [{ admin: ":0", "admin-token": "two words" }, "--admin-token is ***, it must be 1 to 256"],
  [{ admin: ":0", "admin-token": "x".repeat(257) }, "--admin-token is ***, it must be 1 to 256"],
];

for (const [values, text] of refusedForOperators) {
  Deno.test(`readAdminOptions: refuses ${JSON.stringify(values)}, and prints no token`, () => {
    assertStringIncludes(complaint(values), text);
  });
}

Deno.test("readAdminOptions: without a token nothing may be changed, and stdin is enough of a way in", () => {
  const { admin, gate } = options({ admin: "unix:/run/admin" });
  assertEquals(admin, { listen: { transport: "unix", path: "/run/admin" }, token: undefined });
  assertEquals(gate, undefined);
});

Deno.test("readGateOptions: a variable without the flag it needs is named", () => {
  const text = complaint({}, { POOLGATE_UPSTREAM: "db:5432" });
  assertStringIncludes(text, 'POOLGATE_UPSTREAM is "db:5432", it needs --listen');
});
