import { assertEquals, assertStringIncludes } from "@std/assert";
import { complaint, options, type Values } from "../support/command_line.ts";

Deno.test("readGateOptions: a gate without an upstream says so in the pool's messages, one with it is silent", () => {
  const gate = (values: Values) => options({ listen: ":7000", ...values }).gate;
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
    upstreamLingerMs: 30_000,
    drainTimeoutMs: 30_000,
    rejectAs: "line",
    maxPerSource: undefined,
    proxyProtocol: undefined,
    logConnections: false,
  });
});

const LISTEN = { listen: ":7000" };
const FORWARD = { ...LISTEN, upstream: "db:5432" };

const refused: [Values, string][] = [
  [
    { listen: "7000" },
    '--listen is "7000", it must be HOST:PORT, [V6]:PORT, :PORT (every interface)',
  ],
  [{ upstream: "db:5432" }, '--upstream is "db:5432", it needs --listen'],
  [{ "idle-timeout": "5s" }, '--idle-timeout is "5s", it needs --listen'],
  [{ ...LISTEN, upstream: ":5432" }, '--upstream is ":5432", it must be HOST:PORT, [V6]:PORT'],
  [{ ...LISTEN, upstream: "db:0" }, '--upstream is "db:0", it must be HOST:PORT, [V6]:PORT'],
  [{ ...LISTEN, "connect-timeout": "5s" }, '--connect-timeout is "5s", it needs --upstream'],
  [{ ...LISTEN, "upstream-linger": "0" }, '--upstream-linger is "0", it needs --upstream'],
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

Deno.test("readGateOptions: a variable without the flag it needs is named", () => {
  const text = complaint({}, { POOLGATE_UPSTREAM: "db:5432" });
  assertStringIncludes(text, 'POOLGATE_UPSTREAM is "db:5432", it needs --listen');
});
