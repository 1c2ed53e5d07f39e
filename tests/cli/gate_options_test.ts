import { assertEquals, assertStringIncludes } from "@std/assert";
import { complaint, options, type Values } from "../support/command_line.ts";

/** As they are listed in messages. */
const SERVICES = "http, grpc, postgres, mysql, redis, memcached, mongodb, " +
  "cassandra, amqp, mqtt, nats, stomp, smtp, imap, pop3, nntp, irc, ftp, rsyn" +
  "c, git, svn, ssh, vnc, ldap, dns, modbus, opcua or dicom";

Deno.test("readGateOptions: a gate without an upstream says so in the pool's messages, one with it is silent", () => {
  const gate = (values: Values) => options({ listen: ":7000", ...values }).gate;
  assertEquals(gate({})?.rejectAs, "line");
  assertEquals(gate({ upstream: "db:5432" })?.rejectAs, "close");
});

Deno.test("readGateOptions: --service says how rejections are told, --reject-as wins", () => {
  const gate = (values: Values) => options({ ...FORWARD, service: "redis", ...values }).gate;
  assertEquals([gate({})?.service, gate({})?.rejectAs], ["redis", "redis"]);
  for (const format of ["close", "line", "http"] as const) {
    const given = gate({ "reject-as": format });
    assertEquals([given?.service, given?.rejectAs], ["redis", format]);
  }
});

Deno.test("readGateOptions: without flags, the defaults that --help tells", () => {
  assertEquals(options({ listen: "localhost:0" }).gate, {
    listen: { transport: "tcp", hostname: "localhost", port: 0 },
    reusePort: false,
    upstreams: [],
    upstreamOrder: "least",
    service: undefined,
    check: { intervalMs: 2000, fall: 3, rise: 2, path: "/", status: undefined },
    queueTimeoutMs: 120_000,
    connectTimeoutMs: 10_000,
    idleTimeoutMs: 0,
    maxLifetimeMs: 0,
    upstreamLingerMs: 30_000,
    drainTimeoutMs: 30_000,
    drainQueue: "wait",
    rejectAs: "line",
    maxPerSource: undefined,
    maxWaitingPerSource: undefined,
    sourcePrefixV6: 64,
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
  [{ "reuse-port": "" }, '--reuse-port is "", it needs --listen'],
  [{ ...LISTEN, "drain-queue": "go" }, '--drain-queue is "go", it must be wait or reject'],
  [{ upstream: "db:5432" }, '--upstream is "db:5432", it needs --listen'],
  [{ "idle-timeout": "5s" }, '--idle-timeout is "5s", it needs --listen'],
  [{ ...LISTEN, upstream: ":5432" }, '--upstream is ":5432", it must be HOST:PORT, [V6]:PORT'],
  [{ ...LISTEN, upstream: "db:0" }, '--upstream is "db:0", it must be HOST:PORT, [V6]:PORT'],
  [
    { ...LISTEN, upstream: "db:5432,db" },
    '--upstream is "db:5432,db", it must be HOST:PORT, [V6]:PORT, with a port from 1, or ' +
    "unix:/path each, with commas between",
  ],
  [{ ...LISTEN, upstream: "a:1,,b:1" }, '--upstream is "a:1,,b:1", it must be HOST:PORT'],
  [{ ...LISTEN, upstream: "a:1, b:1,A:1" }, "it must be each address only once"],
  [{ ...LISTEN, upstream: "[::1]:1,[0:0::1]:1" }, "it must be each address only once"],
  [{ ...LISTEN, upstream: "unix:/a,unix:/a" }, "it must be each address only once"],
  [
    { ...LISTEN, upstream: Array.from({ length: 65 }, (_, at) => `h${at}:1`).join(",") },
    "it must be 64 addresses at most",
  ],
  [{ ...LISTEN, "upstream-order": "first" }, '--upstream-order is "first", it needs --upstream'],
  [
    { ...FORWARD, "upstream-order": "most" },
    '--upstream-order is "most", it must be least or first',
  ],
  [{ ...LISTEN, service: "redis" }, '--service is "redis", it needs --upstream'],
  [{ ...FORWARD, "check-interval": "1s" }, '--check-interval is "1s", it needs --service'],
  [{ ...FORWARD, "check-fall": "2" }, '--check-fall is "2", it needs --service'],
  [
    { ...FORWARD, service: "http", "check-rise": "0" },
    '--check-rise is "0", it must be an integer',
  ],
  [{ ...FORWARD, service: "redis", "check-path": "/" }, '"/", it needs --service http'],
  [{ ...FORWARD, "check-status": "200" }, '--check-status is "200", it needs --service http'],
  [{ ...FORWARD, service: "http", "check-path": "health" }, "it must be a path such as /health"],
  [{ ...FORWARD, service: "http", "check-path": "/a b" }, "it must be a path such as /health"],
  [{ ...FORWARD, service: "http", "check-status": "600" }, "a status of HTTP, from 100 to 599"],
  [{ ...FORWARD, service: "gopher" }, `--service is "gopher", it must be ${SERVICES}`],
  [{ ...LISTEN, "connect-timeout": "5s" }, '--connect-timeout is "5s", it needs --upstream'],
  [{ ...LISTEN, "upstream-linger": "0" }, '--upstream-linger is "0", it needs --upstream'],
  [{ ...LISTEN, "proxy-protocol": "v1" }, '--proxy-protocol is "v1", it needs --upstream'],
  [{ ...LISTEN, "queue-timeout": "5" }, '--queue-timeout is "5", it must be a duration such as'],
  [{ ...LISTEN, "max-per-source": "0" }, '--max-per-source is "0", it must be an integer from 1'],
  [{ ...LISTEN, "max-lifetime": "1w" }, '--max-lifetime is "1w", it must be a duration such as'],
  [{ "max-lifetime": "5s" }, '--max-lifetime is "5s", it needs --listen'],
  [
    { ...LISTEN, "max-waiting-per-source": "x" },
    '--max-waiting-per-source is "x", it must be an integer from 1',
  ],
  ...["0", "129", "4.5", ""].map((bits): [Values, string] => [
    { ...LISTEN, "max-per-source": "2", "source-prefix-v6": bits },
    `--source-prefix-v6 is "${bits}", it must be an integer from 1 to 128`,
  ]),
  [
    { ...LISTEN, "source-prefix-v6": "48" },
    '--source-prefix-v6 is "48", it needs --max-per-source or --max-waiting-per-source',
  ],
  [{ ...LISTEN, "reject-as": "http" }, "must be close or line without --upstream"],
  [{ ...FORWARD, "reject-as": "gopher" }, `must be close, line, ${SERVICES}`],
  [{ ...FORWARD, "proxy-protocol": "3" }, '--proxy-protocol is "3", it must be v1 or v2'],
  [
    { ...FORWARD, "proxy-protocol": "v2", "reject-as": "postgres" },
    '--proxy-protocol is "v2", it must be left out with --reject-as postgres: PostgreSQL takes no',
  ],
  [
    { ...FORWARD, "proxy-protocol": "v1", "reject-as": "redis" },
    '--proxy-protocol is "v1", it must be left out with --reject-as redis: Redis takes no',
  ],
];

for (const [values, text] of refused) {
  Deno.test(`readGateOptions: refuses ${JSON.stringify(values)}, saying why`, () => {
    assertStringIncludes(complaint(values), text);
  });
}

for (const format of ["mysql", "http"] as const) {
  Deno.test(`readGateOptions: --proxy-protocol goes with --reject-as ${format}`, () => {
    const { gate } = options({ ...FORWARD, "proxy-protocol": "v2", "reject-as": format });
    assertEquals([gate?.proxyProtocol, gate?.rejectAs], ["v2", format]);
  });
}

Deno.test("readGateOptions: either limit of a source goes with the length of its prefix", () => {
  for (const limit of ["max-per-source", "max-waiting-per-source"] as const) {
    for (const bits of [1, 128]) {
      const { gate } = options({ ...LISTEN, [limit]: "2", "source-prefix-v6": `${bits}` });
      assertEquals(gate?.sourcePrefixV6, bits);
    }
  }
});

Deno.test("readGateOptions: several upstreams keep their order, and their variable has commas between", () => {
  const { gate } = options(
    { ...LISTEN, "upstream-order": "first" },
    { POOLGATE_UPSTREAM: "db:1, [::1]:1 ,unix:/db" },
  );
  assertEquals([gate?.upstreamOrder, gate?.rejectAs, gate?.upstreams], ["first", "close", [
    { transport: "tcp", hostname: "db", port: 1 },
    { transport: "tcp", hostname: "::1", port: 1 },
    { transport: "unix", path: "/db" },
  ]]);
});

Deno.test("readGateOptions: one name at several ports, and one port of several names, are several upstreams", () => {
  const { gate } = options({ ...LISTEN, upstream: "a:1,a:2,b:1" });
  assertEquals(gate?.upstreams.length, 3);
});

Deno.test("readGateOptions: a variable without the flag it needs is named", () => {
  const text = complaint({}, { POOLGATE_UPSTREAM: "db:5432" });
  assertStringIncludes(text, 'POOLGATE_UPSTREAM is "db:5432", it needs --listen');
});
