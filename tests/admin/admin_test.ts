/**
 * The admin listener over real HTTP: what it answers while connections come, wait, go and are
 * turned away.
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { ClientReport } from "../../lib/admin/clients.ts";
import type { Report } from "../../lib/admin/report.ts";
import { Routes } from "../../lib/admin/routes.ts";
import { WAIT_BOUNDS } from "../../lib/admin/timings.ts";
import { MAX_BODY_BYTES } from "../../lib/admin/http.ts";
import { PAGE_FILES } from "../../lib/admin/page.ts";
import { REASON_TEXT } from "../../lib/gate/reason_text.ts";
import { MIN_HELD } from "../../lib/pool/expected_wait.ts";
import { limitsChange } from "../../lib/pool/limits.ts";
import { HOSTS, TestAdmin, TOKEN } from "../support/test_admin.ts";
import { POOLS } from "../support/pools.ts";
import { echo, Service } from "../support/service.ts";
import { Client, until } from "../support/sockets.ts";

/** A series of /metrics: its value, or `undefined` where there is none. */
function valueOf(metrics: string, series: string): number | undefined {
  const line = metrics.split("\n").find((line) => line.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}

async function values(admin: TestAdmin, ...series: string[]): Promise<(number | undefined)[]> {
  const metrics = await admin.text("/metrics");
  return series.map((name) => valueOf(metrics, `poolgate_${name}`));
}

Deno.test("GET /metrics: has the limits and the counts as they are now", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 2, backlogSize: 3 });
  const gauges = [
    "active_connections",
    "max_connections",
    "queued_connections",
    "backlog_size",
    "oldest_wait_seconds",
  ];
  assertEquals(await values(admin, ...gauges), [0, 2, 0, 3, 0]);
  const clients = await admin.gate.clients(4);
  await admin.gate.clock.advance(1500);
  assertEquals(await values(admin, ...gauges), [2, 2, 2, 3, 1.5]);
  clients[2]!.close();
  await admin.gate.counts(2, 1);
  admin.gate.configure({ maxConnections: 5, backlogSize: 1 });
  assertEquals(await values(admin, ...gauges), [3, 5, 0, 1, 0]);
});

Deno.test("GET /metrics: counts arrivals by what they met, and those turned away by reason", async () => {
  await using admin = await TestAdmin.open({
    ...{ maxConnections: 1, backlogSize: 1, queueTimeoutMs: 1000, maxPerSource: 3 },
    drainQueue: "reject",
  });
  const [first] = await admin.gate.clients(3) as [Client];
  await admin.gate.clock.advance(1000);
  await admin.gate.counts(1, 0);
  await admin.gate.clients(1);
  admin.gate.configure({ maxConnections: 1, backlogSize: 5 });
  await admin.gate.clients(2);
  first.close();
  await admin.gate.counts(1, 1);
  admin.gate.gate.drain();
  await admin.gate.counts(1, 0);
  assertEquals(
    await values(
      admin,
      'connections_total{result="connected"}',
      'connections_total{result="queued"}',
      'connections_total{result="rejected"}',
      'rejected_total{reason="backlog_full"}',
      'rejected_total{reason="queue_timeout"}',
      'rejected_total{reason="per_source"}',
      'rejected_total{reason="draining"}',
      'rejected_total{reason="upstream_down"}',
      "promoted_total",
      "queue_abandoned_total",
    ),
    [1, 3, 2, 1, 1, 1, 1, 0, 1, 0],
  );
});

Deno.test("GET /metrics: counts evictions by the limit of time that was over", async () => {
  const limits = { idleTimeoutMs: 1000, maxLifetimeMs: 2500 };
  await using admin = await TestAdmin.open({ maxConnections: 2, ...limits });
  const series = ["idle_timeout", "max_lifetime"].map((why) => `evicted_total{reason="${why}"}`);
  assertEquals(await values(admin, ...series), [0, 0]);
  const [, speaker] = await admin.gate.clients(2) as [Client, Client];
  for (let line = 1; line <= 3; line++) {
    await speaker.say("\n");
    await until("it is heard", () => admin.gate.gate.traffic.received === line);
    await admin.gate.clock.advance(900);
  }
  await admin.gate.counts(0, 0);
  assertEquals(await values(admin, ...series), [1, 1]);
});

Deno.test("GET /metrics: measures waits from the moment of queueing, by how they ended, and stays", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 1, queueTimeoutMs: 9000 });
  const [first, second] = await admin.gate.clients(4) as [Client, Client];
  await admin.gate.clock.advance(2000);
  second.close();
  await admin.gate.counts(1, 2);
  await admin.gate.clock.advance(2000);
  first.close();
  await admin.gate.counts(1, 1);
  await admin.gate.clock.advance(5000);
  await admin.gate.counts(1, 0);
  assertEquals(
    await values(
      admin,
      'queue_wait_seconds_sum{outcome="abandoned"}',
      'queue_wait_seconds_count{outcome="abandoned"}',
      'queue_wait_seconds_sum{outcome="promoted"}',
      'queue_wait_seconds_sum{outcome="timeout"}',
      `queue_wait_seconds_bucket{le="${WAIT_BOUNDS.find((le) => le >= 4)}",outcome="promoted"}`,
      `queue_wait_seconds_bucket{le="${WAIT_BOUNDS.findLast((le) => le < 4)}",outcome="promoted"}`,
      "connection_duration_seconds_sum",
      "connection_duration_seconds_count",
      "queue_abandoned_total",
    ),
    [2, 1, 4, 9, 1, 0, 4, 1, 1],
  );
});

Deno.test("GET /metrics, GET /api/stats: say how long a client that comes now is to wait, once that is known", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 1 });
  const quantiles = [10, 50, 90].map((p) => `expected_wait_seconds{percentile="${p}"}`);
  const told = async () => [
    await values(admin, ...quantiles),
    (await admin.json("/api/stats")).expected_wait_seconds,
  ];
  assertEquals(await told(), [[0, 0, 0], { p10: 0, p50: 0, p90: 0 }]);
  const { pool, clock } = admin.gate;
  admin.connect("first");
  assertEquals(await told(), [[NaN, NaN, NaN], null]);
  for (let times = 0; times < MIN_HELD; times++) {
    await clock.advance(2500);
    const [holder] = pool.clients("connected");
    pool.leave(holder!, clock.now());
    admin.connect(`next ${times}`);
  }
  admin.connect("waiting");
  await clock.advance(500);
  assertEquals(await told(), [[4.5, 4.5, 4.5], { p10: 4.5, p50: 4.5, p90: 4.5 }]);
});

Deno.test("GET /metrics: has the longest wait of ten minutes, also one that goes on", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 1 });
  const longest = async () => (await values(admin, "longest_wait_seconds"))[0];
  assertEquals(await longest(), 0);
  const [first, second] = await admin.gate.clients(2) as [Client, Client];
  await admin.gate.clock.advance(3000);
  assertEquals(await longest(), 3);
  first.close();
  await admin.gate.counts(1, 0);
  await admin.gate.clients(1);
  await admin.gate.clock.advance(2000);
  assertEquals(await longest(), 3);
  second.close();
  await admin.gate.counts(1, 0);
  await admin.gate.clock.advance(631_000);
  assertEquals(await longest(), 0);
});

Deno.test("GET /metrics: has what was counted of the upstream, where there is one", async () => {
  await using service = new Service(echo);
  const series = [
    'upstream_connects_total{result="ok"}',
    'upstream_connects_total{result="failed"}',
    "upstream_connect_seconds_total",
    ...["ok", "failed", "left_out"].map((result) => `upstream_checks_total{result="${result}"}`),
  ];
  await using admin = await TestAdmin.open({ upstream: service.address });
  assertEquals(await values(admin, ...series), [4, 2, 1, 7, 1, 3]);
  await using alone = await TestAdmin.open();
  assertEquals(await values(alone, ...series), series.map(() => undefined));
});

Deno.test("GET /metrics: has what poolgate takes of the machine, by the usual names", async () => {
  await using admin = await TestAdmin.open();
  const metrics = await admin.text("/metrics");
  const names = ["resident_memory_bytes", "start_time_seconds", "cpu_seconds_total"];
  const start = Date.parse("2026-01-02T03:04:05Z") / 1000;
  assertEquals(names.map((name) => valueOf(metrics, `process_${name}`)), [65_536, start, 1.5]);
  assertEquals(await values(admin, "event_loop_lag_seconds"), [0]);
});

Deno.test("GET /metrics: every series of the wait is there before the first wait", async () => {
  await using admin = await TestAdmin.open();
  const outcomes = ["promoted", "timeout", "abandoned"];
  const series = outcomes.map((outcome) => `queue_wait_seconds_count{outcome="${outcome}"}`);
  assertEquals(await values(admin, ...series), [0, 0, 0]);
});

Deno.test("GET /metrics: counts the bytes of joined connections each way, and tells that the upstream is up", async () => {
  await using service = new Service(echo);
  await using admin = await TestAdmin.open({ upstream: service.address });
  const [client] = await admin.gate.clients(1) as [Client];
  await client.say("hello");
  await until(
    "the answer has been counted",
    async () => (await values(admin, "sent_bytes_total"))[0] === 7,
  );
  const label = `{upstream="127.0.0.1:${service.address.port}"}`;
  const series = ["received_bytes_total", `upstream_up${label}`, `upstream_connections${label}`];
  assertEquals(await values(admin, ...series), [5, 1, 1]);
});

Deno.test("GET /metrics: counts the bytes of the pool's own messages, those to the rejected as well", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 1, backlogSize: 0 });
  const [first, second] = await admin.gate.clients(2) as [Client, Client];
  const told = [await first.line(), await second.line()];
  const request = '{"src":"me","dest":"gate","body":{"type":"pool_stats"}}\n';
  for (let times = 0; times < 2; times++) {
    await first.say(request);
    told.push(await first.line());
  }
  const lengths = told.map((line) => line!.length + 1);
  assertEquals(
    await values(admin, "received_bytes_total", "sent_bytes_total"),
    [2 * request.length, lengths.reduce((sum, length) => sum + length)],
  );
});

Deno.test("GET /metrics: an upstream that is down is 0, and its clients are turned away for it", async () => {
  const service = new Service(echo);
  const upstream = service.address;
  await service[Symbol.asyncDispose]();
  await using admin = await TestAdmin.open({ upstream, connectTimeoutMs: 1000 });
  const client = await admin.gate.client();
  await until(
    "the upstream is found down",
    async () =>
      (await values(admin, `upstream_up{upstream="127.0.0.1:${upstream.port}"}`))[0] === 0,
  );
  await admin.gate.clock.advance(1000);
  await client.rest();
  assertEquals(await values(admin, 'rejected_total{reason="upstream_down"}'), [1]);
});

Deno.test("GET /metrics: names the version, and no client", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 1 });
  const clients = await admin.gate.clients(3);
  const metrics = await admin.text("/metrics");
  assertStringIncludes(metrics, 'poolgate_build_info{version="1.2.3"} 1');
  assertEquals(clients.filter(({ name }) => metrics.includes(name)), []);
});

Deno.test("GET /metrics: says of every metric what it means when it rises", async () => {
  await using service = new Service(echo);
  await using admin = await TestAdmin.open({ upstream: service.address });
  const metrics = await admin.text("/metrics");
  const names = [...metrics.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  const helps = [...metrics.matchAll(/^# HELP (\S+) (.*)$/gm)];
  assertEquals(helps.map(([, name]) => name), names);
  const silent = helps.filter(([, , help = ""]) => !/[Rr]is(es|ing)|new label value/.test(help));
  assertEquals(silent.map(([, name]) => name), []);
  assertEquals(names.length, 28);
});

Deno.test("GET /healthz: answers as long as the process does, also while it drains", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 0, backlogSize: 0 });
  const [held] = await admin.gate.clients(1);
  admin.gate.gate.drain();
  const response = await admin.ask("/healthz");
  assertEquals([response.status, await response.text()], [200, "ok\n"]);
  held!.close();
});

Deno.test("GET /readyz: is 503 when a new connection would be turned away", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 1, backlogSize: 1 });
  const ready = async () => {
    const response = await admin.ask("/readyz");
    return [response.status, (await response.text()).split(":")[0]?.trim()];
  };
  assertEquals(await ready(), [200, "ready"]);
  const [, second] = await admin.gate.clients(2) as [Client, Client];
  assertEquals(await ready(), [503, "full"]);
  second.close();
  await admin.gate.counts(1, 0);
  assertEquals(await ready(), [200, "ready"]);
  admin.gate.configure({ maxConnections: 0, backlogSize: 0 });
  assertEquals(await ready(), [503, "full"]);
  admin.gate.gate.drain();
  assertEquals(await ready(), [503, "draining"]);
});

Deno.test("GET /readyz, GET /api/stats: say how long a drain may last, until it is over", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 1, drainTimeoutMs: 3000 });
  const [, waiting] = await admin.gate.clients(2) as [Client, Client];
  const left = async () => (await admin.json("/api/stats")).drain_seconds_left;
  const ready = async () => await admin.text("/readyz");
  assertEquals(await left(), null);
  admin.gate.gate.drain();
  assertEquals(await left(), 3);
  await admin.gate.clock.advance(1001);
  assertEquals(await left(), 2);
  const begin = "draining: poolgate takes no new clients, and ends";
  assertEquals(await ready(), `${begin} in 2 s at most\n`);
  assertEquals((await admin.json("/api/stats")).queued, 1);
  await admin.gate.clock.advance(1999);
  assertStringIncludes(await waiting.rest(), REASON_TEXT.draining);
  assertEquals(await left(), 0);
});

Deno.test("GET /readyz: a drain without a limit ends with the last client", async () => {
  await using admin = await TestAdmin.open({ drainTimeoutMs: 0 });
  admin.gate.gate.drain();
  const text = await admin.text("/readyz");
  assertEquals(text, "draining: poolgate takes no new clients, and ends with the last\n");
});

Deno.test("GET /api/stats: counts whole seconds since the start", async () => {
  await using admin = await TestAdmin.open();
  await admin.gate.clock.advance(2999);
  assertEquals((await admin.json("/api/stats")).uptime_seconds, 2);
});

Deno.test("GET /api/stats: has the limits, counts, totals and times, and what this poolgate is", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 1, backlogSize: 1 });
  const clients = await admin.gate.clients(3);
  await admin.gate.clock.advance(2000);
  clients[0]!.close();
  await admin.gate.counts(1, 0);
  await admin.gate.clients(1);
  await admin.gate.clock.advance(1000);
  const { totals: { received_bytes, sent_bytes, ...totals }, ...stats } = await admin.json(
    "/api/stats",
  );
  assertEquals(stats, {
    version: "1.2.3",
    started_at: "2026-01-02T03:04:05.000Z",
    uptime_seconds: 3,
    listen: admin.gate.address,
    upstream: null,
    state: "full",
    paused: false,
    drain_seconds_left: null,
    upstream_up: null,
    upstream_down: null,
    upstreams: [],
    changes: true,
    max_connections: 1,
    backlog_size: 1,
    active: 1,
    connecting: 0,
    queued: 1,
    oldest_wait_seconds: 1,
    last_minute: { state: "turning_away", queued: 2, promoted: 1, rejected: 1 },
    expected_wait_seconds: null,
    wait_seconds: { count: 1, p50: 2, p90: 2, p99: 2, longest: 2 },
    duration_seconds: { count: 1, p50: 2, p90: 2, p99: 2, longest: 2 },
    cluster: null,
  });
  assertEquals(totals, {
    connected: 1,
    queued: 2,
    promoted: 1,
    abandoned: 0,
    disconnected: 1,
    rejected: 1,
    rejected_for: {
      ...{ backlog_full: 1, queue_timeout: 0, per_source: 0, waiting_per_source: 0 },
      ...{ draining: 0, upstream_down: 0, paused: 0, gate_paused: 0, cluster_down: 0 },
    },
    rejected_cut_short: 0,
  });
  assertEquals([received_bytes, sent_bytes > 0], [0, true]);
});

Deno.test("GET /api/stats: those turned away after a wait are turned away, too; names the upstream", async () => {
  await using service = new Service(echo);
  await using admin = await TestAdmin.open({
    ...{ upstream: service.address, maxConnections: 1, queueTimeoutMs: 1000 },
  });
  await admin.gate.clients(2);
  await admin.gate.clock.advance(1000);
  await admin.gate.counts(1, 0);
  const { totals, upstream, upstream_up, upstreams } = await admin.json("/api/stats");
  assertEquals([totals.rejected, totals.rejected_for.queue_timeout], [1, 1]);
  const address = `127.0.0.1:${service.address.port}`;
  assertEquals([upstream, upstream_up], [address, true]);
  assertEquals(upstreams, [{ address, up: true, down: null, connections: 1 }]);
});

Deno.test("several upstreams: each has its line in /api/stats, its series, and its words in /readyz", async () => {
  await using first = new Service(echo);
  const second = new Service(echo);
  const upstreams = [first.address, second.address];
  await using admin = await TestAdmin.open({ upstreams, maxConnections: 5 });
  const [a, b] = upstreams.map(({ port }) => `127.0.0.1:${port}`) as [string, string];
  const [, client] = await admin.gate.clients(2);
  await until("both are joined", () => first.open + second.open === 2);
  const stats = await admin.json("/api/stats");
  assertEquals([stats.upstream, stats.upstream_up, stats.upstream_down], [
    `${a}, ${b}`,
    true,
    null,
  ]);
  assertEquals(stats.upstreams, [
    { address: a, up: true, down: null, connections: 1 },
    { address: b, up: true, down: null, connections: 1 },
  ]);
  assertEquals(await admin.text("/readyz"), "ready\n");

  await second[Symbol.asyncDispose]();
  client?.close();
  await admin.gate.counts(1, 0);
  await admin.gate.clients(2);
  await until("it is found down", () => admin.gate.upstreams[1]?.up === false);
  const { down } = admin.gate.upstreams[1]!;
  const { upstream_up, upstream_down, upstreams: lines } = await admin.json("/api/stats");
  assertEquals([upstream_up, upstream_down, lines[1]], [
    ...[true, null],
    { address: b, up: false, down, connections: 0 },
  ]);
  assertEquals(
    await admin.text("/readyz"),
    `ready; of 2 upstreams, 1 is down: ${b}: ${down}\n`,
  );
  const label = (name: string, of: string) => `${name}{upstream="${of}"}`;
  const series = ["upstream_up", "upstream_connections"].flatMap((name) => [
    label(name, a),
    label(name, b),
  ]);
  assertEquals(await values(admin, ...series), [1, 0, 3, 0]);
});

Deno.test("several upstreams: all down is what one down is, with the reason of each", async () => {
  const services = [new Service(echo), new Service(echo)];
  const upstreams = services.map(({ address }) => address);
  for (const service of services) await service[Symbol.asyncDispose]();
  await using admin = await TestAdmin.open({ upstreams });
  await admin.gate.client();
  await until("both are found down", () => admin.gate.upstreams.every(({ up }) => !up));
  const { upstream_up, upstream_down } = await admin.json("/api/stats");
  const [a, b] = admin.gate.upstreams.map(({ address, down }) => `${address}: ${down}`);
  assertEquals([upstream_up, upstream_down], [false, `${a}; ${b}`]);
  assertEquals(
    await admin.text("/readyz"),
    `ready, but clients wait: all upstreams are down: ${a}; ${b}\n`,
  );
});

Deno.test("GET /api/stats: the state of the last minute is what stops everybody, or the load", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 1, backlogSize: 1 });
  const { pool, gate, clock } = admin.gate;
  const lastMinute = async () => (await admin.json("/api/stats")).last_minute;
  assertEquals((await lastMinute()).state, "ready");
  const [holder] = await admin.gate.clients(3) as [Client];
  await clock.advance(1000);
  const busy = { state: "turning_away", queued: 1, promoted: 0, rejected: 1 };
  assertEquals(await lastMinute(), busy);
  holder.close();
  await admin.gate.counts(1, 0);
  await clock.advance(58_000);
  assertEquals(await lastMinute(), { ...busy, promoted: 1 });
  pool.pause("paused");
  assertEquals((await lastMinute()).state, "paused");
  pool.pause("upstream_down");
  pool.resume("paused", clock.now());
  await clock.advance(3000);
  assertEquals(await lastMinute(), { state: "waiting", queued: 0, promoted: 0, rejected: 0 });
  gate.drain();
  assertEquals((await lastMinute()).state, "draining");
});

Deno.test("GET /api/history: has a span, point by point, and what changed in it", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 1, backlogSize: 1 });
  const history = async (span: string) => await admin.json(`/api/history?span=${span}`);
  await admin.gate.clients(3);
  await admin.gate.clock.advance(4000);
  admin.gate.configure({ maxConnections: 7, backlogSize: 1 });
  admin.gate.pool.pause("paused");
  await admin.gate.clock.advance(1000);
  const start = Date.parse("2026-01-02T03:04:05Z") / 1000;
  const { samples, marks, ...rest } = await history("10m");
  assertEquals(rest, {
    ...{ span_seconds: 600, every_seconds: 1 },
    columns: [
      ...["time", "active", "queued", "rejected", "promoted"],
      ...["max_connections", "backlog_size"],
    ],
  });
  assertEquals(samples.length, 6);
  assertEquals(samples[0], [start, 0, 0, 0, 0, 1, 1]);
  assertEquals(samples.slice(-2), [[start + 4, 1, 1, 1, 0, 1, 1], [start + 5, 2, 0, 1, 1, 7, 1]]);
  assertEquals(marks, [
    { time: start + 5, kind: "limits_changed", text: "max_connections 1 -> 7" },
    { time: start + 5, kind: "paused", text: "" },
  ]);
  assertEquals(await admin.json("/api/history"), await history("10m"));
  const hour = await history("1h");
  assertEquals([hour.every_seconds, hour.marks], [5, marks]);
  assertEquals(hour.samples, [[start + 4, 1, 1, 1, 0, 1, 1], [start + 5, 2, 0, 1, 1, 7, 1]]);
  assertEquals((await history("24h")).samples, [[start + 5, 2, 1, 1, 1, 7, 1]]);
  const response = await admin.ask("/api/history?span=1d");
  assertEquals([response.status, await response.json()], [400, {
    error: 'span is "1d", it must be 10m, 1h or 24h, or left out',
  }]);
});

Deno.test("GET /api/stats: the quantiles forget what is ten minutes past", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 1 });
  const clients = await admin.gate.clients(2);
  await admin.gate.clock.advance(2000);
  clients[0]!.close();
  await admin.gate.counts(1, 0);
  assertEquals((await admin.json("/api/stats")).wait_seconds.count, 1);
  await admin.gate.clock.advance(599_000);
  assertEquals((await admin.json("/api/stats")).wait_seconds.longest, 2);
  await admin.gate.clock.advance(32_000);
  assertEquals((await admin.json("/api/stats")).wait_seconds, {
    ...{ count: 0, p50: null, p90: null, p99: null, longest: null },
  });
});

for (const kind of POOLS) {
  Deno.test(`PUT /api/config: sets both limits, lets in whom they make room for, and shows the change${kind.name}`, async () => {
    await using admin = await TestAdmin.open({ maxConnections: 1, kind });
    await admin.gate.clients(3);
    const changes: unknown[] = [];
    admin.gate.pool.observe({
      configured: (before, after) => changes.push(limitsChange(before, after)),
    });
    const response = await admin.change("PUT", "/api/config", {
      max_connections: 2,
      backlog_size: 7,
    });
    assertEquals([response.status, await response.json()], [200, {
      max_connections: 2,
      backlog_size: 7,
      active: 2,
      queued: 1,
      promoted: 1,
    }]);
    const { maxConnections, backlogSize, active } = admin.gate.stats;
    assertEquals([maxConnections, backlogSize, active], [2, 7, 2]);
    await admin.gate.quiet();
    assertEquals(changes, ["max_connections 1 -> 2, backlog_size 5 -> 7"]);
  });
}

for (const kind of POOLS) {
  Deno.test(`PUT /api/config: sets one limit alone, and answers both${kind.name}`, async () => {
    await using admin = await TestAdmin.open({ maxConnections: 1, backlogSize: 5, kind });
    await admin.gate.clients(3);
    const put = async (body: unknown) => {
      const response = await admin.change("PUT", "/api/config", body);
      return [response.status, await response.json()];
    };
    assertEquals(await put({ max_connections: 2 }), [200, {
      ...{ max_connections: 2, backlog_size: 5, active: 2, queued: 1, promoted: 1 },
    }]);
    assertEquals(await put({ max_connections: null, backlog_size: 9 }), [200, {
      ...{ max_connections: 2, backlog_size: 9, active: 2, queued: 1, promoted: 0 },
    }]);
  });
}

Deno.test("GET /api/config: answers both limits, without a token", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 1, backlogSize: 5 }, null);
  const limits = { max_connections: 1, backlog_size: 5 };
  assertEquals(await admin.json("/api/config"), limits);
  admin.gate.configure({ maxConnections: 0, backlogSize: 7 });
  assertEquals(await admin.json("/api/config"), { max_connections: 0, backlog_size: 7 });
});

const badLimits: [unknown, RegExp][] = [
  [{}, /^the body sets no limit: it must have max_connections, backlog_size or both$/],
  [{ max_connection: 3 }, /^the body sets no limit/],
  [{ max_connections: null }, /^the body sets no limit/],
  [{ backlog_size: true }, /^backlog_size is true, it must be an integer from 0/],
  [{ max_connections: 1.5, backlog_size: 1 }, /^max_connections is 1.5/],
  [{ max_connections: 1, backlog_size: -1 }, /^backlog_size is -1/],
  [{ max_connections: "1", backlog_size: 1 }, /^max_connections is "1"/],
  [[], /^the body is no object$/],
  [null, /^the body is no object$/],
];

for (const [body, error] of badLimits) {
  Deno.test(`PUT /api/config: refuses ${JSON.stringify(body)} with 400, and changes nothing`, async () => {
    await using admin = await TestAdmin.open({ maxConnections: 1, backlogSize: 5 });
    const response = await admin.change("PUT", "/api/config", body);
    assertEquals(response.status, 400);
    assertMatch((await response.json()).error, error);
    const { maxConnections, backlogSize } = admin.gate.stats;
    assertEquals([maxConnections, backlogSize], [1, 5]);
  });
}

Deno.test("PUT /api/config: a body that is too long is 413, one that is no JSON 400", async () => {
  await using admin = await TestAdmin.open();
  const headers = { authorization: `Bearer ${TOKEN}` };
  const put = async (body: BodyInit) => {
    const response = await admin.ask("/api/config", { method: "PUT", headers, body });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await put("x".repeat(MAX_BODY_BYTES + 1)), 413);
  assertEquals(await put(new Blob(["x".repeat(1_000_000)]).stream()), 413);
  assertEquals(await put("{"), 400);
});

Deno.test("PUT /api/config: the limits that there are already are no change to note", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 1, backlogSize: 5 });
  const { notes, pool } = admin.gate;
  const before = notes.length;
  const changes: unknown[] = [];
  pool.observe({ configured: (before, after) => changes.push(limitsChange(before, after)) });
  const limits = { max_connections: 1, backlog_size: 5 };
  const response = await admin.change("PUT", "/api/config", limits);
  await response.body?.cancel();
  assertEquals([changes, notes.length], [[undefined], before]);
});

for (const kind of POOLS) {
  Deno.test(`DELETE /api/clients/: ends a connection, waiting or not, and lets the next one in${kind.name}`, async () => {
    await using admin = await TestAdmin.open({ maxConnections: 1, kind });
    const [first, second, third] = await admin.gate.clients(3) as [Client, Client, Client];
    const remove = async (id: string) => {
      const response = await admin.change("DELETE", `/api/clients/${encodeURIComponent(id)}`);
      return [response.status, await response.json()];
    };
    const left = true;
    assertEquals(await remove(second.name), [200, { promoted: null, active: 1, queued: 1, left }]);
    assertEquals(await remove(first.name), [200, {
      promoted: third.name,
      ...{ active: 1, queued: 0, left },
    }]);
    assertEquals(await remove(first.name), [404, {
      error: `client "${first.name}" is neither connected nor queued`,
    }]);
    for (const client of [first, second]) await client.rest();
    assertEquals([first.ended, second.ended], [true, true]);
    const noted = `info: an operator has disconnected "${first.name}"`;
    assertEquals(admin.gate.notes.includes(noted), true);
  });

  Deno.test(`DELETE /api/clients/: of a joined connection, says that it has its place until the upstream has ended${kind.name}`, async () => {
    const { promise: work, resolve: finish } = Promise.withResolvers<void>();
    await using service = new Service(() => work);
    const { address: upstream } = service;
    await using admin = await TestAdmin.open({ upstream, maxConnections: 1, kind });
    const [first, second] = await admin.gate.clients(2) as [Client, Client];
    await until("it is joined", () => service.open === 1);
    const { name } = first;
    const evicted = async () =>
      (await admin.json("/api/clients")).clients.map((client: ClientReport) => client.evicted);
    assertEquals(await evicted(), [false, false]);
    for (let i = 0; i < 2; i++) {
      const response = await admin.change("DELETE", `/api/clients/${name}`);
      const answer = { promoted: null, active: 1, queued: 1, left: false };
      assertEquals([response.status, await response.json()], [200, answer]);
      assertEquals(await evicted(), [true, false]);
    }
    assertEquals(await first.rest(), "");
    const noted = `info: an operator has disconnected "${name}"`;
    assertEquals(admin.gate.notes.filter((note) => note === noted).length, 1);
    finish();
    await admin.gate.counts(1, 0);
    const { clients } = await admin.json("/api/clients");
    assertEquals(clients.map(({ id }: ClientReport) => id), [second.name]);
    assertEquals((await admin.change("DELETE", `/api/clients/${name}`)).status, 404);
  });
}

for (
  const id of ["a/b", "../api/config", "?x#y", "50%", "ann bob", "\u00e4\u{1f511}", "__proto__"]
) {
  Deno.test(`DELETE /api/clients/: a client may be called ${JSON.stringify(id)}`, async () => {
    await using admin = await TestAdmin.open();
    admin.connect(id);
    const response = await admin.change("DELETE", `/api/clients/${encodeURIComponent(id)}`);
    assertEquals([response.status, (await response.json()).active], [200, 0]);
  });
}

Deno.test("DELETE /api/clients/: an id that is no part of a URL is 400", async () => {
  await using admin = await TestAdmin.open();
  const response = await admin.change("DELETE", "/api/clients/%E0%A4%A");
  assertEquals([response.status, Object.keys(await response.json())], [400, ["error"]]);
});

const changes: [string, string, string | undefined][] = [
  ["PUT", "/api/config", '{"max_connections": 9, "backlog_size": 9}'],
  ["PUT", "/api/pause", undefined],
  ["PUT", "/api/resume", undefined],
  ["DELETE", "/api/clients/ann", undefined],
  ["GET", "/api/permission", undefined],
];

for (const [method, path, body] of changes) {
  const attempt = async (admin: TestAdmin, headers: Record<string, string>) => {
    admin.connect("ann");
    const response = await admin.ask(path, { method, headers, body: body ?? null });
    const { error } = await response.json();
    const { active, maxConnections } = admin.gate.stats;
    assertEquals([response.status, active, maxConnections], [403, 1, 1]);
    return error;
  };

  Deno.test(`${method} ${path}: without the token is 403 and a sentence, and changes nothing`, async () => {
    await using admin = await TestAdmin.open();
    for (const authorization of ["", "Bearer wrong", `Basic ${TOKEN}`, TOKEN, "Bearer"]) {
      assertMatch(await attempt(admin, { authorization }), /^changes need the token/);
    }
    assertMatch(await attempt(admin, {}), /^changes need the token/);
  });

  Deno.test(`${method} ${path}: without --admin-token is 403, whatever token is sent`, async () => {
    await using admin = await TestAdmin.open({}, null);
    assertMatch(await attempt(admin, { authorization: `Bearer ${TOKEN}` }), /^changes are off/);
  });

  Deno.test(`${method} ${path}: from another site's page is 403, also with the token`, async () => {
    await using admin = await TestAdmin.open();
    const authorization = `Bearer ${TOKEN}`;
    const origin = "http://evil.example";
    assertMatch(await attempt(admin, { authorization, origin }), /^another site's page/);
    const site = { authorization, "sec-fetch-site": "cross-site" };
    assertMatch(await attempt(admin, site), /^another site's page/);
  });
}

Deno.test("GET /api/permission: is 204 and nothing where the token is right", async () => {
  await using admin = await TestAdmin.open();
  const response = await admin.change("GET", "/api/permission");
  assertEquals([response.status, await response.text()], [204, ""]);
});

const wrongMethods: [string, string, string][] = [
  ["POST", "/metrics", "GET, HEAD"],
  ["DELETE", "/", "GET, HEAD"],
  ["PUT", "/api/stats", "GET, HEAD"],
  ["POST", "/api/config", "GET, HEAD, PUT"],
  ["GET", "/api/clients/ann", "DELETE"],
  ["OPTIONS", "/api/config", "GET, HEAD, PUT"],
];

for (const [method, path, allow] of wrongMethods) {
  Deno.test(`${method} ${path}: is 405, and says which methods there are`, async () => {
    await using admin = await TestAdmin.open();
    const response = await admin.ask(path, { method });
    assertEquals([response.status, response.headers.get("allow")], [405, allow]);
    assertEquals(response.headers.get("access-control-allow-origin"), null);
    assertStringIncludes((await response.json()).error, method);
  });
}

for (
  const path of ["/nothing", "/api", "/api/", "/metrics/", "/api/clientsx", "/__proto__", "//"]
) {
  Deno.test(`GET ${path}: is 404`, async () => {
    await using admin = await TestAdmin.open();
    const response = await admin.ask(path);
    assertEquals([response.status, Object.keys(await response.json())], [404, ["error"]]);
  });
}

/**
 * A request that leaves its connection open, on which another one follows: what comes, without the
 * date.
 */
async function answered(admin: TestAdmin, method: string, path: string): Promise<string> {
  const client = await Client.to(admin.address);
  await client.say(`${method} ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  await client.say("GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
  const text = await client.rest();
  client.close();
  return text.replace(/^date: .*\r\n/gim, "");
}

Deno.test("HEAD: is answered as GET, with the same length, and without the body", async () => {
  await using admin = await TestAdmin.open();
  for (
    const path of [
      ...["/metrics", "/healthz", "/readyz", "/api/stats", "/api/clients", "/api/permission"],
      ...[
        "/api/clients?limit=x",
        "/api/clients/ann",
        "/api/sources",
        "/api/history",
        "/api/config",
        "/nothing",
      ],
      ...PAGE_FILES.keys(),
    ]
  ) {
    const [get, head] = [await answered(admin, "GET", path), await answered(admin, "HEAD", path)];
    const end = get.indexOf("\r\n\r\n") + 4;
    const length = Number(/^content-length: (\d+)\r$/im.exec(get)?.[1]);
    const after = new TextEncoder().encode(get.slice(end)).subarray(length);
    assertEquals(length > 0, true, path);
    assertEquals(head, get.slice(0, end) + new TextDecoder().decode(after), path);
  }
});

Deno.test("GET: a path of any length is not found in a short sentence", async () => {
  await using admin = await TestAdmin.open();
  const response = await admin.ask(`/${"x".repeat(10_000)}`);
  const { error } = await response.json();
  assertEquals([response.status, error.length < 100], [404, true]);
});

Deno.test("GET: a fault of poolgate is 500 and a sentence, and told", async () => {
  const failures: unknown[] = [];
  const report = {
    figures: () => {
      throw "why";
    },
  } as unknown as Report;
  const nobody = {} as never;
  const failed = (error: unknown) => failures.push(error);
  const routes = new Routes({
    report,
    metrics: nobody,
    clients: nobody,
    sources: nobody,
    feed: nobody,
    changes: nobody,
    hosts: undefined,
    failed,
  });
  const response = await routes.answer(new Request("http://gate/api/stats"));
  assertEquals([response.status, failures], [500, ["why"]]);
  assertEquals(Object.keys(await response.json()), ["error"]);
});

Deno.test("every answer: nobody else may embed or read it, or make it load anything", async () => {
  await using admin = await TestAdmin.open();
  const promised = {
    "cache-control": "no-store, no-transform",
    "content-security-policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
      "img-src 'self' data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  };
  for (const path of ["/", "/metrics", "/api/stats", "/api/events", "/nothing", "/api/config"]) {
    const { headers, body } = await admin.ask(path);
    await body?.cancel();
    for (const [name, value] of Object.entries(promised)) {
      assertEquals(headers.get(name), value, `${path} ${name}`);
    }
  }
});

/** The status and the sentence that answer a request, sent as it is. */
async function asked(admin: TestAdmin, request: string): Promise<[string, string]> {
  const client = await Client.to(admin.address);
  await client.say(request);
  const answer = await client.rest();
  client.close();
  return [answer.split(" ")[1] ?? "none", answer.slice(answer.indexOf("\r\n\r\n") + 4)];
}

const hosts: [string, string][] = [
  ["GET /metrics HTTP/1.1\r\nhost: 10.1.2.3:9632", "200"],
  ["GET /metrics HTTP/1.1\r\nhost: [fe80::1]", "200"],
  ["GET /metrics HTTP/1.1\r\nhost: localhost:80", "200"],
  [`GET /metrics HTTP/1.1\r\nhost: ${HOSTS[0]!.toUpperCase()}.:9632`, "200"],
  ["GET /metrics HTTP/1.1\r\nhost: evil.example", "421"],
  ["GET /metrics HTTP/1.1\r\nhost: evil.example:9632", "421"],
  ["GET /nothing HTTP/1.1\r\nhost: evil.example", "421"],
  ["PUT /api/config HTTP/1.1\r\ncontent-length: 0\r\nhost: evil.example", "421"],
  ["GET http://evil.example/metrics HTTP/1.1\r\nhost: localhost", "421"],
  ["GET http://localhost/metrics HTTP/1.1\r\nhost: evil.example", "421"],
  ["GET http://localhost/metrics HTTP/1.1\r\nhost: 127.0.0.1", "200"],
  ["GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: evil.example", "400"],
  ["GET /metrics HTTP/1.0", "200"],
  ["GET /metrics HTTP/1.0\r\nhost: evil.example", "421"],
  ["GET http://evil.example/metrics HTTP/1.0", "421"],
];

for (const [head, status] of hosts) {
  Deno.test(`Host: ${JSON.stringify(head)} is ${status}`, async () => {
    await using admin = await TestAdmin.open();
    const [answered, body] = await asked(admin, `${head}\r\nconnection: close\r\n\r\n`);
    assertEquals(answered, status);
    if (status !== "421") return;
    const { error } = JSON.parse(body);
    assertStringIncludes(error, '"evil.example');
    assertStringIncludes(error, "--admin-host");
  });
}
