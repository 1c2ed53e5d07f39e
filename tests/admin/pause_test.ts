/** Pausing and resuming over HTTP: who is let in, who waits, who is turned away, and what is told. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { echo, Service } from "../support/service.ts";
import { POOLS } from "../support/pools.ts";
import { type Client, until } from "../support/sockets.ts";
import { TestAdmin } from "../support/test_admin.ts";

async function put(admin: TestAdmin, what: "pause" | "resume"): Promise<unknown[]> {
  const response = await admin.change("PUT", `/api/${what}`);
  return [response.status, await response.json()];
}

/** Says something to the service by way of the gate, and hears its answer. */
async function converse(client: Client): Promise<void> {
  await client.say("hello");
  const buffer = new Uint8Array(16);
  assertEquals(await client.socket.read(buffer), "<hello>".length);
}

/** What those hear of it who only look: the statistics, the metrics, the check for readiness. */
async function seen(admin: TestAdmin) {
  const { paused, state } = await admin.json("/api/stats");
  const [, gauge] = /^poolgate_paused (\d)$/m.exec(await admin.text("/metrics")) ?? [];
  const ready = await admin.ask("/readyz");
  return { paused, state, gauge: Number(gauge), ready: [ready.status, await ready.text()] };
}

for (const kind of POOLS) {
  Deno.test(`PUT /api/pause: nobody is let in, those with a place go on, the others wait until PUT /api/resume${kind.name}`, async () => {
    await using service = new Service(echo);
    await using admin = await TestAdmin.open({
      upstream: service.address,
      maxConnections: 3,
      kind,
    });
    const [first] = await admin.gate.clients(1);
    assertEquals(await put(admin, "pause"), [200, { paused: true, active: 1, queued: 0 }]);
    const waiting = await admin.gate.clients(3);
    await admin.gate.counts(1, 3);
    await converse(first!);
    first!.close();
    await admin.gate.counts(0, 3);
    assertEquals(service.served, 1);
    assertEquals(await put(admin, "resume"), [200, {
      ...{ paused: false, active: 3, queued: 0, promoted: 3 },
    }]);
    for (const client of waiting) {
      await converse(client);
    }
  });

  Deno.test(`PUT /api/pause, /api/resume: a second time changes nothing, and answers the same${kind.name}`, async () => {
    await using admin = await TestAdmin.open({ maxConnections: 2, kind });
    const told: boolean[] = [];
    admin.gate.pool.observe({ paused: (paused) => told.push(paused) });
    await admin.gate.clients(1);
    const paused = [200, { paused: true, active: 1, queued: 0 }];
    const resumed = [200, { paused: false, active: 1, queued: 0, promoted: 0 }];
    for (const _ of [1, 2]) assertEquals(await put(admin, "pause"), paused);
    for (const _ of [1, 2]) assertEquals(await put(admin, "resume"), resumed);
    await admin.gate.quiet();
    assertEquals(told, [true, false]);
  });
}

Deno.test("PUT /api/pause: statistics, metrics and /readyz say so, and that there is room in the queue", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 2, backlogSize: 1 });
  const ready = { paused: false, state: "ready", gauge: 0, ready: [200, "ready\n"] };
  assertEquals(await seen(admin), ready);
  await put(admin, "pause");
  assertEquals(await seen(admin), {
    ...{ paused: true, state: "ready", gauge: 1 },
    ready: [200, "ready, but clients wait: paused by an operator\n"],
  });
  await admin.gate.clients(1);
  assertEquals(await seen(admin), {
    ...{ paused: true, state: "full", gauge: 1 },
    ready: [503, "full: a new client would be turned away: paused by an operator\n"],
  });
  await put(admin, "resume");
  assertEquals(await seen(admin), ready);
});

Deno.test("PUT /api/pause: beyond the queue's bound, clients are turned away, told and counted as paused", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 2, backlogSize: 1 });
  await put(admin, "pause");
  const [, second] = await admin.gate.clients(2);
  const { body } = JSON.parse(await second!.line() ?? "{}");
  assertEquals(body.text, "paused by an operator");
  assertEquals(await second!.line(), undefined);
  const { totals } = await admin.json("/api/stats");
  assertEquals([totals.rejected, totals.rejected_for.paused], [1, 1]);
  const counted = 'poolgate_rejected_total{reason="paused"} 1\n';
  assertEquals((await admin.text("/metrics")).includes(counted), true);
  assertEquals(
    admin.gate.notes.filter((note) => note.startsWith("warn")),
    ["warn: turning connections away: paused by an operator"],
  );
});

Deno.test("PUT /api/pause: the time in the queue runs on, and who is out of time is told of the pause", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 2, queueTimeoutMs: 1000 });
  await put(admin, "pause");
  const [client] = await admin.gate.clients(1);
  await admin.gate.counts(0, 1);
  await admin.gate.clock.advance(1000);
  await admin.gate.counts(0, 0);
  assertStringIncludes(await client!.rest(), '"text": "paused by an operator"');
  const { totals: { rejected_for } } = await admin.json("/api/stats");
  assertEquals([rejected_for.queue_timeout, rejected_for.paused], [0, 1]);
  const waited = 'poolgate_queue_wait_seconds_count{outcome="timeout"} 1\n';
  assertStringIncludes(await admin.text("/metrics"), waited);
});

Deno.test("PUT /api/pause: is for clients without a connection, too", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 2 });
  await put(admin, "pause");
  admin.connect("of stdin");
  assertEquals(admin.gate.pool.find("of stdin")?.state, "queued");
  await put(admin, "resume");
  assertEquals(admin.gate.pool.find("of stdin")?.state, "connected");
});

Deno.test("PUT /api/pause: while the upstream is down, both are told, and neither ends the other", async () => {
  const service = new Service(echo);
  const upstream = service.address;
  await service[Symbol.asyncDispose]();
  await using admin = await TestAdmin.open({ upstream, maxConnections: 3, backlogSize: 5 });
  const { gate } = admin;
  const [first] = await gate.clients(1);
  await until("it is down", () => gate.notes.some((note) => note.includes("is down")));
  await put(admin, "pause");
  const [second] = await gate.clients(1);
  assertEquals(await put(admin, "resume"), [200, {
    ...{ paused: false, active: 1, queued: 1, promoted: 0 },
  }]);
  await put(admin, "pause");
  await using back = new Service(echo, upstream.port);
  await until("it is up", async () => {
    await gate.clock.advance(1000);
    return gate.notes.some((note) => note.includes("is up again"));
  });
  await converse(first!);
  await gate.counts(1, 1);
  const { paused, upstream_up } = await admin.json("/api/stats");
  assertEquals([paused, upstream_up], [true, true]);
  await put(admin, "resume");
  await converse(second!);
  assertEquals(back.open, 2);
});

Deno.test("PUT /api/pause, /api/resume: without the token, nothing changes", async () => {
  await using admin = await TestAdmin.open();
  const { pool } = admin.gate;
  const attempt = async (path: string) => {
    const response = await admin.ask(path, { method: "PUT" });
    await response.body?.cancel();
    return [response.status, pool.paused];
  };
  assertEquals(await attempt("/api/pause"), [403, false]);
  pool.pause("paused");
  assertEquals(await attempt("/api/resume"), [403, true]);
});
