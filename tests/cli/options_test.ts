import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Options } from "../../lib/cli/options.ts";
import { complaint, options, read } from "../support/command_line.ts";

Deno.test("readOptions: without flags and variables, the defaults", () => {
  assertEquals(options({}), {
    limits: { maxConnections: 100, backlogSize: 100 },
    limitsGiven: false,
    nodeId: undefined,
    logFormat: "text",
    quiet: false,
    gate: undefined,
    admin: undefined,
    cluster: undefined,
  });
});

const CLUSTER = "rediss://gate:s3cret%2F%40%3A%25@redis.example:6380/2";

Deno.test("readOptions: every setting by its flag, and by its variable", () => {
  const expected: Options = {
    limits: { maxConnections: 0, backlogSize: Number.MAX_SAFE_INTEGER },
    limitsGiven: true,
    nodeId: "n1",
    logFormat: "json",
    quiet: true,
    gate: {
      listen: { transport: "unix", path: "/run/door" },
      reusePort: true,
      upstreams: [{ transport: "tcp", hostname: "::1", port: 5432 }],
      upstreamOrder: "least",
      service: "http",
      check: { intervalMs: 500, fall: 1, rise: 4, path: "/health?full", status: 204 },
      queueTimeoutMs: 500,
      connectTimeoutMs: 2000,
      idleTimeoutMs: 180_000,
      maxLifetimeMs: 28_800_000,
      upstreamLingerMs: 1500,
      drainTimeoutMs: 0,
      drainQueue: "reject",
      rejectAs: "mysql",
      maxPerSource: 3,
      maxWaitingPerSource: 2,
      sourcePrefixV6: 56,
      proxyProtocol: "v2",
      // Nobody would read that.
      logConnections: false,
    },
    admin: {
      listen: { transport: "tcp", hostname: undefined, port: 9090 },
      reusePort: true,
      token: "s3cret-._~+/==",
      hosts: new Set(["pool.example", "gate"]),
    },
    cluster: {
      server: {
        address: { transport: "tcp", hostname: "redis.example", port: 6380 },
        tls: true,
        username: "gate",
        password: "s3cret/@:%",
        database: 2,
      },
      pool: "db-1",
      gate: "east:1",
      leaseMs: 5000,
      lost: "cut",
    },
  };
  const flags = {
    "max-connections": "0",
    "backlog-size": "9007199254740991",
    "node-id": "n1",
    "log-format": "json",
    "quiet": "",
    "listen": "unix:/run/door",
    "reuse-port": "",
    "upstream": "[::1]:5432",
    "queue-timeout": "500ms",
    "connect-timeout": "2s",
    "idle-timeout": "3m",
    "max-lifetime": "8h",
    "upstream-linger": "1500ms",
    "drain-timeout": "0",
    "service": "http",
    "check-interval": "500ms",
    "check-fall": "1",
    "check-rise": "4",
    "check-path": "/health?full",
    "check-status": "204",
    "drain-queue": "reject",
    "reject-as": "mysql",
    "max-per-source": "3",
    "max-waiting-per-source": "2",
    "source-prefix-v6": "56",
    "proxy-protocol": "v2",
    "log-connections": "",
    "admin": ":9090",
    "admin-reuse-port": "",
    "admin-token": "s3cret-._~+/==",
    "admin-host": "pool.example,gate",
    "cluster": CLUSTER,
    "cluster-pool": "db-1",
    "cluster-gate": "east:1",
    "cluster-lease": "5s",
    "cluster-lost": "cut",
  };
  const env = {
    POOLGATE_MAX_CONNECTIONS: "0",
    POOLGATE_BACKLOG_SIZE: "9007199254740991",
    POOLGATE_NODE_ID: "n1",
    POOLGATE_LOG_FORMAT: "json",
    POOLGATE_QUIET: "1",
    POOLGATE_LISTEN: "unix:/run/door",
    POOLGATE_REUSE_PORT: "1",
    POOLGATE_UPSTREAM: "[::1]:5432",
    POOLGATE_QUEUE_TIMEOUT: "500ms",
    POOLGATE_CONNECT_TIMEOUT: "2s",
    POOLGATE_IDLE_TIMEOUT: "3m",
    POOLGATE_MAX_LIFETIME: "8h",
    POOLGATE_UPSTREAM_LINGER: "1500ms",
    POOLGATE_DRAIN_TIMEOUT: "0",
    POOLGATE_SERVICE: "http",
    POOLGATE_CHECK_INTERVAL: "500ms",
    POOLGATE_CHECK_FALL: "1",
    POOLGATE_CHECK_RISE: "4",
    POOLGATE_CHECK_PATH: "/health?full",
    POOLGATE_CHECK_STATUS: "204",
    POOLGATE_DRAIN_QUEUE: "reject",
    POOLGATE_REJECT_AS: "mysql",
    POOLGATE_MAX_PER_SOURCE: "3",
    POOLGATE_MAX_WAITING_PER_SOURCE: "2",
    POOLGATE_SOURCE_PREFIX_V6: "56",
    POOLGATE_PROXY_PROTOCOL: "v2",
    POOLGATE_ADMIN: ":9090",
    POOLGATE_ADMIN_REUSE_PORT: "true",
    POOLGATE_ADMIN_TOKEN: "s3cret-._~+/==",
    POOLGATE_ADMIN_HOST: "pool.example,gate",
    POOLGATE_LOG_CONNECTIONS: "true",
    POOLGATE_CLUSTER: CLUSTER,
    POOLGATE_CLUSTER_POOL: "db-1",
    POOLGATE_CLUSTER_GATE: "east:1",
    POOLGATE_CLUSTER_LEASE: "5s",
    POOLGATE_CLUSTER_LOST: "cut",
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
    '--log-format is "xml", it must be text, timed or json',
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

Deno.test("readOptions: connections are noted only where somebody reads that", () => {
  const logs = (quiet: string) =>
    options({ "listen": ":1", "log-connections": "", quiet }).gate?.logConnections;
  assertEquals(logs("false"), true);
  assertEquals(logs("true"), false);
  const env = { POOLGATE_LISTEN: ":1", POOLGATE_LOG_CONNECTIONS: "true" };
  assertEquals(options({}, env).gate?.logConnections, true);
});
