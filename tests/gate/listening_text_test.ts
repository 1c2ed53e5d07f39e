import { assertEquals } from "@std/assert";
import { type ListeningOptions, listeningText } from "../../lib/gate/listening_text.ts";

const LIMITS = { maxConnections: 20, backlogSize: 100 };

const OPTIONS: ListeningOptions = {
  upstreams: [],
  upstreamOrder: "least",
  queueTimeoutMs: 120_000,
  connectTimeoutMs: 10_000,
  upstreamLingerMs: 30_000,
  idleTimeoutMs: 0,
  maxLifetimeMs: 86_400_000,
  drainTimeoutMs: 5_400_000,
  rejectAs: "line",
};

Deno.test("listeningText: names the limits, the timeouts that are set, and how the rest is told", () => {
  assertEquals(
    listeningText("127.0.0.1:7000", LIMITS, OPTIONS),
    "listening at 127.0.0.1:7000 (max-connections 20, backlog-size 100, queue-timeout 2m, " +
      "max-lifetime 1d, drain-timeout 1h30m, reject-as line)",
  );
});

Deno.test("listeningText: names the upstream, and the timeouts that are for one", () => {
  const upstream = { transport: "unix", path: "/run/service" } as const;
  const options = {
    ...OPTIONS,
    upstreams: [upstream],
    queueTimeoutMs: 0,
    upstreamLingerMs: 0,
    rejectAs: "redis",
  } as const;
  assertEquals(
    listeningText("unix:/run/door", LIMITS, options),
    "listening at unix:/run/door, for unix:/run/service (max-connections 20, backlog-size 100, " +
      "connect-timeout 10s, max-lifetime 1d, drain-timeout 1h30m, upstream-linger 0, reject-as redis)",
  );
});

Deno.test("listeningText: names several upstreams, and which takes the next connection", () => {
  const upstreams = [1, 2].map((port) => ({ transport: "tcp", hostname: "db", port }) as const);
  const options = { ...OPTIONS, upstreams, upstreamOrder: "first", rejectAs: "close" } as const;
  assertEquals(
    listeningText("127.0.0.1:7000", LIMITS, options),
    "listening at 127.0.0.1:7000, for db:1 and db:2 (max-connections 20, backlog-size 100, " +
      "queue-timeout 2m, connect-timeout 10s, max-lifetime 1d, drain-timeout 1h30m, " +
      "upstream-linger 30s, upstream-order first, reject-as close)",
  );
});
