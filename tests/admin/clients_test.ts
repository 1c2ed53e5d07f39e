/** `GET /api/clients` over real HTTP. */

import { assertEquals, assertMatch } from "@std/assert";
import type { ClientReport } from "../../lib/admin/clients.ts";
import { DEFAULT_LISTED, MAX_LISTED, MAX_SEARCH } from "../../lib/admin/query.ts";
import { echo, Service } from "../support/service.ts";
import { until } from "../support/sockets.ts";
import { TestAdmin } from "../support/test_admin.ts";

/** The ids in an answer. */
async function listed(admin: TestAdmin, query: string): Promise<string[]> {
  const { clients } = await admin.json(`/api/clients${query}`);
  return clients.map(({ id }: ClientReport) => id);
}

/** Clients that come a second apart. */
async function come(admin: TestAdmin, ...ids: string[]): Promise<void> {
  for (const id of ids) {
    admin.connect(id);
    await admin.gate.clock.advance(1000);
  }
}

function leave(admin: TestAdmin, id: string): void {
  const { pool, clock } = admin.gate;
  pool.leave(pool.find(id)!, clock.now());
}

Deno.test("GET /api/clients: lists who has a place and who waits, with times, bytes and addresses", async () => {
  await using service = new Service(echo);
  await using admin = await TestAdmin.open({ upstream: service.address, maxConnections: 2 });
  const clients = await admin.gate.clients(1);
  await admin.gate.clock.advance(1000);
  admin.connect("of stdin");
  await admin.gate.clock.advance(1000);
  clients.push(...await admin.gate.clients(1));
  await admin.gate.clock.advance(500);
  await clients[0]!.say("hello");
  await until("the answer has been counted", () => admin.gate.gate.traffic.sent === 7);
  const [first, second] = clients.map(({ name }) => name) as [string, string];
  const at = (second: number) => `2026-01-02T03:04:0${second}.000Z`;
  const address = { source: "127.0.0.1" };
  const connected = { state: "active", position: null, waited_seconds: 0, evicted: false };
  const active = [{
    ...{ id: first, ...connected, ...address, joined: true, since: at(5), seconds: 2.5 },
    ...{ received_bytes: 5, sent_bytes: 7 },
  }, {
    ...{ id: "of stdin", ...connected, source: null, joined: null, since: at(6), seconds: 1.5 },
    ...{ received_bytes: null, sent_bytes: null },
  }];
  const queued = [{
    ...{ id: second, state: "queued", ...address, joined: null, since: at(7), seconds: 0.5 },
    ...{ position: 1, waited_seconds: 0.5, evicted: false, received_bytes: 0, sent_bytes: 0 },
  }];
  const next = null;
  const of = async (query: string) => await admin.json(`/api/clients${query}`);
  assertEquals(await of("?state=active"), { clients: active, total: 2, next });
  assertEquals(await of("?state=queued"), { clients: queued, total: 1, next });
  assertEquals(await of(""), { clients: [...active, ...queued], total: 3, next });
  clients[0]!.close();
  await until("the next one is let in", () => admin.gate.stats.promotedTotal === 1);
  const after = (await of("?state=active")).clients[1];
  assertEquals([after.id, after.seconds, after.waited_seconds], [second, 0, 0.5]);
});

Deno.test("GET /api/clients: one that is being connected to its upstream is not joined, and counted as such", async () => {
  const service = new Service(echo);
  await using admin = await TestAdmin.open({ upstream: service.address, maxConnections: 5 });
  const [first] = await admin.gate.clients(1);
  await first!.say("hello");
  await until("the answer has been counted", () => admin.gate.gate.traffic.sent === 7);
  admin.connect("of stdin");
  const joined = async () => {
    const { clients } = await admin.json("/api/clients");
    return clients.map(({ joined }: ClientReport) => joined);
  };
  assertEquals(await joined(), [true, null]);
  assertEquals((await admin.json("/api/stats")).connecting, 0);
  first!.close();
  await service[Symbol.asyncDispose]();
  await until("the first has gone", () => admin.gate.pool.stats().active === 1);
  await admin.gate.clients(1);
  await until("the upstream is found down", () => admin.gate.upstreams[0]?.up === false);
  assertEquals(await joined(), [false, null]);
  assertEquals((await admin.json("/api/stats")).connecting, 1);
});

Deno.test("GET /api/clients: is sorted by how long they are in their state, longest or shortest first", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 2 });
  await come(admin, "a", "b", "c", "d");
  leave(admin, "a");
  assertEquals(await listed(admin, ""), ["b", "d", "c"]);
  assertEquals(await listed(admin, "?sort=longest"), ["b", "d", "c"]);
  assertEquals(await listed(admin, "?sort=shortest"), ["c", "d", "b"]);
  assertEquals(await listed(admin, "?sort=shortest&state=queued"), ["d"]);
});

Deno.test("GET /api/clients: a search finds a part of an id, and counts what it finds", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 9 });
  await come(admin, "10.0.0.1:40", "10.0.0.11:50", "10.0.0.2:10", "A%b,c");
  assertEquals(await listed(admin, "?search=10.0.0.1"), ["10.0.0.1:40", "10.0.0.11:50"]);
  assertEquals(await listed(admin, `?search=${encodeURIComponent("%b,")}`), ["A%b,c"]);
  assertEquals(await listed(admin, "?search=a%25"), []);
  const { total, next } = await admin.json("/api/clients?search=10&limit=1");
  assertEquals([total, typeof next], [3, "string"]);
});

Deno.test("GET /api/clients: a queued client has its place in the whole queue, whatever is searched for", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 0 });
  await come(admin, "a", "b", "c");
  const { clients } = await admin.json("/api/clients?search=c");
  assertEquals(clients.map(({ position }: ClientReport) => position), [3]);
});

Deno.test("GET /api/clients: pages have all, however many there are", async () => {
  const count = 2 * MAX_LISTED + 50;
  await using admin = await TestAdmin.open({ maxConnections: 500, backlogSize: count });
  for (let at = 0; at < count; at++) admin.connect(`client ${at}`);
  const found: string[] = [];
  const sizes: number[] = [];
  let after = "";
  for (;;) {
    const query = `limit=${MAX_LISTED}${after}`;
    const { clients, total, next } = await admin.json(`/api/clients?${query}`);
    found.push(...clients.map(({ id }: ClientReport) => id));
    sizes.push(clients.length);
    assertEquals(total, count);
    if (next === null) break;
    after = `&after=${encodeURIComponent(next)}`;
  }
  assertEquals(sizes, [MAX_LISTED, MAX_LISTED, 50]);
  assertEquals(new Set(found).size, count);
  assertEquals((await listed(admin, "")).length, DEFAULT_LISTED);
});

Deno.test("GET /api/clients: between pages, others leave and come, and those that stay are listed once", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 9 });
  await come(admin, "a", "b", "c", "d", "e");
  const first = await admin.json("/api/clients?limit=2");
  for (const gone of ["a", "b", "d"]) leave(admin, gone);
  await come(admin, "f", "a");
  const second = await admin.json(`/api/clients?after=${encodeURIComponent(first.next)}`);
  const ids = ({ clients }: { clients: ClientReport[] }) => clients.map(({ id }) => id);
  assertEquals([ids(first), ids(second)], [["a", "b"], ["c", "e", "f", "a"]]);
});

Deno.test("GET /api/clients: one that is let in between pages is not left out", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 2 });
  await come(admin, "a", "b", "c", "d");
  const first = await admin.json("/api/clients?limit=3");
  leave(admin, "b");
  const second = await listed(admin, `?after=${encodeURIComponent(first.next)}`);
  assertEquals(second, ["d", "c"]);
});

const badQueries: [string, RegExp][] = [
  ["state=waiting", /^state is "waiting", it must be active or queued, or left out$/],
  ["sort=name", /^sort is "name", it must be longest or shortest, or left out$/],
  ["limit=0", /^limit is "0", it must be an integer from 1 to 1000$/],
  ["limit=1001", /^limit is "1001"/],
  ["limit=-1", /^limit is "-1"/],
  ["limit=ten", /^limit is "ten"/],
  ["limit=", /^limit is ""/],
  ["after=x", /^after is "x", it must be what an answer has as next, or left out$/],
  [
    `search=${"x".repeat(MAX_SEARCH + 1)}`,
    /^search is 257 characters long, it must be 256 at most/,
  ],
  ["limit=1&limit=2", /^limit is given more than once, it may be given once$/],
  [
    "offset=5",
    /^\/api\/clients has no parameter "offset", it takes state, sort, search, limit, after$/,
  ],
];

for (const [query, error] of badQueries) {
  Deno.test(`GET /api/clients?${query.slice(0, 30)}: is 400, saying what is allowed`, async () => {
    await using admin = await TestAdmin.open();
    const response = await admin.ask(`/api/clients?${query}`);
    assertEquals(response.status, 400);
    assertMatch((await response.json()).error, error);
  });
}
