/** The admin listener of a gate that shares its pool: what is the pool's, and what is its own. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ANSWER_LIMIT_MS } from "../../lib/admin/changes.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { emptyServer, partsOf, quiet, SHARED, sharing } from "../support/pools.ts";
import type { Settings } from "../support/test_gate.ts";
import { TestAdmin } from "../support/test_admin.ts";
import { until } from "../support/sockets.ts";

const LIMITS = { maxConnections: 2, backlogSize: 4 };

/** More than a third of a lease, and less than two: the lease is renewed once. */
const RENEWAL_MS = 4000;

/** A gate that shares its pool with nobody. */
function openShared(settings: Settings = {}): Promise<TestAdmin> {
  return TestAdmin.open({ ...LIMITS, kind: SHARED, ...settings });
}

/** Two gates of one pool, with three clients at the first and one at the second. */
async function openTwo(): Promise<AsyncDisposable & { admins: [TestAdmin, TestAdmin] }> {
  const server = emptyServer(new FakeClock(1_000_000));
  const open = (name: string) => TestAdmin.open({ ...LIMITS, kind: sharing({ server, name }) });
  const admins: [TestAdmin, TestAdmin] = [await open("one"), await open("two")];
  await admins[0].gate.clients(3);
  await admins[1].gate.clients(1);
  for (const admin of admins) await pass(admin, RENEWAL_MS);
  return {
    admins,
    async [Symbol.asyncDispose]() {
      for (const admin of admins) await admin[Symbol.asyncDispose]();
    },
  };
}

/** Has some time pass for a gate, and for its part of the pool. */
async function pass({ gate: { clock, pool } }: TestAdmin, ms: number): Promise<void> {
  await clock.advance(ms);
  await partsOf(pool).timers.advance(ms);
  await quiet(pool);
}

/** Has the way to whoever keeps the pool break, and stay so. */
function takeRedisAway({ gate: { pool } }: TestAdmin): void {
  const { link } = partsOf(pool);
  link.closed = true;
  link.break("it was stopped");
}

async function put(admin: TestAdmin, path: string): Promise<unknown[]> {
  const response = await admin.change("PUT", path);
  return [response.status, await response.json()];
}

async function values(admin: TestAdmin, ...series: string[]): Promise<(number | undefined)[]> {
  const lines = (await admin.text("/metrics")).split("\n");
  return series.map((name) => {
    const line = lines.find((line) => line.startsWith(`poolgate_${name} `));
    return line === undefined ? undefined : Number(line.split(" ").at(-1));
  });
}

Deno.test("GET /metrics: without --cluster, there is none of the cluster", async () => {
  await using admin = await TestAdmin.open(LIMITS);
  assertEquals((await admin.text("/metrics")).includes("poolgate_cluster_"), false);
});

Deno.test("GET /metrics: counts and totals of clients are the gate's own, and add up over gates", async () => {
  await using two = await openTwo();
  const series = [
    ...["active_connections", "queued_connections", "promoted_total"],
    ...["connected", "queued"].map((result) => `connections_total{result="${result}"}`),
  ];
  const [one, other] = two.admins;
  assertEquals(await values(one, ...series), [2, 1, 0, 2, 1]);
  assertEquals(await values(other, ...series), [0, 1, 0, 0, 1]);
});

Deno.test("GET /metrics: those of the cluster are the same at each gate", async () => {
  await using two = await openTwo();
  const series = ["active", "queued", "gates", "over_limit", "up", "lease_lost_total"];
  for (const admin of two.admins) {
    const [, ...rest] = await values(admin, "none", ...series.map((name) => `cluster_${name}`));
    assertEquals(rest, [2, 2, 2, 0, 1, 0]);
  }
  const [one, other] = two.admins;
  await one.change("PUT", "/api/config", { max_connections: 1 });
  await quiet(other.gate.pool);
  assertEquals(await values(other, "cluster_over_limit", "max_connections"), [1, 1]);
});

Deno.test("GET /metrics: says that Redis is away, and why a gate had to begin anew", async () => {
  await using admin = await openShared();
  const resyncs = ["fenced", "empty", "behind"]
    .map((reason) => `cluster_resyncs_total{reason="${reason}"}`);
  const series = ["cluster_up", "cluster_lease_lost_total", ...resyncs];
  assertEquals(await values(admin, ...series), [1, 0, 0, 0, 0]);
  const { link } = partsOf(admin.gate.pool);
  takeRedisAway(admin);
  assertEquals(await values(admin, ...series), [0, 0, 0, 0, 0]);
  await pass(admin, 20_000);
  assertEquals(await values(admin, ...series), [0, 1, 0, 0, 0]);
  link.closed = false;
  link.server.forgetAll();
  await pass(admin, 1000);
  assertEquals(await values(admin, ...series), [1, 1, 0, 1, 0]);
});

Deno.test("GET /metrics: measures how long Redis takes to answer", async () => {
  await using admin = await openShared();
  const count = "cluster_roundtrip_seconds_count";
  const [before] = await values(admin, count);
  await admin.gate.clients(1);
  const [after] = await values(admin, count);
  assertEquals([before, after], [0, 1]);
});

Deno.test("GET /api/stats: without --cluster, `cluster` is null", async () => {
  await using admin = await TestAdmin.open(LIMITS);
  assertEquals((await admin.json("/api/stats")).cluster, null);
});

Deno.test("GET /api/stats: tells the pool, this gate and all gates apart", async () => {
  await using two = await openTwo();
  const { active, queued, totals, cluster } = await two.admins[1].json("/api/stats");
  assertEquals([active, queued, totals.connected, totals.queued], [2, 2, 0, 1]);
  const { gates, gate, totals: pool, resyncs, ...rest } = cluster;
  assertEquals(rest, {
    ...{ up: true, down: null, down_seconds: 0, held_seconds: 0 },
    ...{ lease_valid: true, lease_lost: 0, lost: "hold" },
  });
  assertEquals(resyncs, { fenced: 0, empty: 0, behind: 0 });
  assertEquals(gate, { name: "two", connected: 0, waiting: 1, paused: false });
  assertEquals([pool.connected, pool.queued], [2, 2]);
  assertEquals(gates, [
    { name: "one", own: false, connected: 2, waiting: 1, paused: false, lease_age_seconds: 0 },
    { name: "two", own: true, connected: 0, waiting: 1, paused: false, lease_age_seconds: 0 },
  ]);
});

Deno.test("GET /api/history: marks that Redis went away, and that it came back", async () => {
  await using admin = await openShared();
  const { pool, clock } = admin.gate;
  const { link } = partsOf(pool);
  await clock.advance(1000);
  takeRedisAway(admin);
  await pass(admin, 1000);
  const went = (await admin.json("/api/history")).marks;
  link.closed = false;
  await pass(admin, RENEWAL_MS);
  await clock.advance(1000);
  const marks: { kind: string; text: string }[] = (await admin.json("/api/history")).marks;
  assertEquals(marks[0], went[0]);
  assertEquals(marks.map(({ kind, text }) => [kind, text]), [
    ["cluster_down", "it was stopped"],
    ["cluster_up", ""],
  ]);
});

Deno.test("GET /readyz: a Redis that is away is no reason for 503 while there is room in the queue", async () => {
  await using admin = await openShared();
  takeRedisAway(admin);
  const ready = await admin.ask("/readyz");
  const text = "ready, but clients wait: Redis is away: it was stopped\n";
  assertEquals([ready.status, await ready.text()], [200, text]);
});

Deno.test("GET /readyz: is 503 where a client that comes is turned away, since Redis is away and there is no queue", async () => {
  await using admin = await openShared({ backlogSize: 0 });
  takeRedisAway(admin);
  await pass(admin, 3000);
  const ready = await admin.ask("/readyz");
  assertEquals(ready.status, 503);
  assertStringIncludes(
    await ready.text(),
    "full: a new client would be turned away: Redis is away",
  );
});

Deno.test("GET /readyz?cluster: is 200 while this gate may let clients in, else 503", async () => {
  await using admin = await openShared();
  const up = await admin.ask("/readyz?cluster");
  const sentence = "Redis answers, and the lease is valid: 1 gate shares the pool\n";
  assertEquals([up.status, await up.text()], [200, sentence]);
  takeRedisAway(admin);
  const down = await admin.ask("/readyz?cluster");
  const other = "Redis is away, nobody is let in here: it was stopped\n";
  assertEquals([down.status, await down.text()], [503, other]);
});

Deno.test("GET /readyz?cluster: is 404 without --cluster", async () => {
  await using admin = await TestAdmin.open();
  const answer = await admin.ask("/readyz?cluster");
  assertEquals([answer.status, (await answer.json()).error], [
    404,
    "the pool is not shared: poolgate was started without --cluster",
  ]);
});

for (
  const [method, path, error] of [
    ["GET", "/readyz?gate", '/readyz has no parameter "gate", it takes cluster'],
    ["GET", "/readyz?cluster=1", 'cluster is "1", it takes no value: ?cluster'],
    ["GET", "/readyz?cluster&cluster", "cluster is given more than once, it may be given once"],
    ["PUT", "/api/pause?gates", '/api/pause has no parameter "gates", it takes gate'],
    ["PUT", "/api/resume?gate=one", 'gate is "one", it takes no value: ?gate'],
  ] as const
) {
  Deno.test(`${method} ${path}: is 400`, async () => {
    await using admin = await openShared();
    const answer = await admin.change(method, path);
    assertEquals([answer.status, (await answer.json()).error], [400, error]);
  });
}

Deno.test("PUT /api/pause?gate: pauses this gate alone, until PUT /api/resume?gate", async () => {
  await using two = await openTwo();
  const [one, other] = two.admins;
  assertEquals(await put(other, "/api/pause?gate"), [200, { paused: true, active: 2, queued: 2 }]);
  await other.change("PUT", "/api/pause?gate");
  await one.change("PUT", "/api/config", { max_connections: 4 });
  for (const { gate: { pool } } of two.admins) await quiet(pool);
  assertEquals(two.admins.map(({ gate: { pool } }) => pool.own), [
    { active: 3, queued: 0 },
    { active: 0, queued: 1 },
  ]);
  const { paused, cluster } = await other.json("/api/stats");
  assertEquals([paused, cluster.gate.paused], [false, true]);
  assertStringIncludes(await other.text("/readyz"), "this gate is paused by an operator");
  assertEquals(await put(other, "/api/resume?gate"), [200, {
    ...{ paused: false, active: 4, queued: 0, promoted: 1 },
  }]);
  const notes = other.gate.notes.filter((note) => note.includes("operator"));
  assertEquals(notes, [
    "info: this gate is paused by an operator: nobody is let in here",
    "info: this gate is resumed by an operator",
  ]);
});

Deno.test("PUT /api/pause?gate: without --cluster, this gate is the pool", async () => {
  await using admin = await TestAdmin.open();
  await put(admin, "/api/pause?gate");
  assertEquals((await admin.json("/api/stats")).paused, true);
  await put(admin, "/api/resume");
  assertEquals((await admin.json("/api/stats")).paused, false);
});

Deno.test("PUT /api/pause: is for all gates", async () => {
  await using two = await openTwo();
  const [one, other] = two.admins;
  await put(one, "/api/pause");
  await quiet(other.gate.pool);
  const { paused, cluster } = await other.json("/api/stats");
  assertEquals([paused, cluster.gate.paused], [true, false]);
});

for (
  const [path, body] of [
    ["/api/pause", undefined],
    ["/api/pause?gate", undefined],
    ["/api/resume", undefined],
    ["/api/config", { max_connections: 7 }],
  ] as const
) {
  Deno.test(`PUT ${path}: is 503 where Redis is away, and is done once it is back`, async () => {
    await using admin = await openShared();
    const { link } = partsOf(admin.gate.pool);
    takeRedisAway(admin);
    const { timers } = admin.gate.clock;
    let answered = false;
    const asked = admin.change("PUT", path, body).then((answer) => {
      answered = true;
      return answer;
    });
    const calls = link.calls.length;
    await until("it is asked", () => admin.gate.clock.timers > timers);
    await admin.gate.clock.advance(ANSWER_LIMIT_MS - 1);
    assertEquals(answered, false);
    await admin.gate.clock.advance(1);
    const answer = await asked;
    const text = "Redis has not answered within 5 s: it is done once Redis answers";
    assertEquals([answer.status, (await answer.json()).error], [503, text]);
    assertEquals(link.calls.length, calls);
    link.closed = false;
    await pass(admin, 1000);
    const made = link.calls.slice(calls).map(({ name }) => name);
    assert(made.some((name) => /^(pause|configure)/.test(name)), `${made}`);
  });
}

Deno.test("DELETE /api/clients/{id}: is answered at once where Redis has been away for a while", async () => {
  await using admin = await openShared();
  admin.connect("ann");
  await quiet(admin.gate.pool);
  takeRedisAway(admin);
  await pass(admin, 3000);
  const answer = await admin.change("DELETE", "/api/clients/ann");
  assertEquals([answer.status, (await answer.json()).left], [200, true]);
});
