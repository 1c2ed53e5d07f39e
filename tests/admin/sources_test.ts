/** `GET /api/sources` over real HTTP, and what is remembered for it. */

import { assertEquals, assertMatch } from "@std/assert";
import { MAX_SOURCES, RejectedSources } from "../../lib/admin/rejected_sources.ts";
import type { SourceReport } from "../../lib/admin/sources.ts";
import type { Holder } from "../../lib/pool/client.ts";
import { TestAdmin } from "../support/test_admin.ts";

function of(source: string | undefined): Holder {
  return { source, changed: () => {} };
}

/** A client from an address. */
function come(admin: TestAdmin, id: string, source: string | undefined): void {
  admin.gate.pool.connect(id, of(source), admin.gate.clock.now());
}

/** Four addresses with different figures, and a client without one. */
async function openCrowd(): Promise<TestAdmin> {
  const admin = await TestAdmin.open({ maxConnections: 4, backlogSize: 3 });
  come(admin, "a1", "10.0.0.1");
  await admin.gate.clock.advance(1000);
  come(admin, "b1", "10.0.0.2");
  come(admin, "b2", "10.0.0.2");
  await admin.gate.clock.advance(1000);
  for (const id of ["s1", "s2"]) come(admin, id, undefined);
  for (const id of ["c1", "c2"]) come(admin, id, "10.0.0.3");
  for (const id of ["a2", "d1", "d2"]) come(admin, id, id === "a2" ? "10.0.0.1" : "10.0.0.4");
  await admin.gate.clock.advance(500);
  return admin;
}

async function listed(admin: TestAdmin, query: string): Promise<(string | null)[]> {
  const { sources } = await admin.json(`/api/sources${query}`);
  return sources.map(({ source }: SourceReport) => source);
}

Deno.test("GET /api/sources: has by address who is in, who waits, who was turned away, and the longest held", async () => {
  await using admin = await openCrowd();
  const none = { connected: 0, waiting: 0, rejected: 0, longest_held_seconds: null };
  assertEquals(await admin.json("/api/sources"), {
    sources: [
      { ...none, source: "10.0.0.2", connected: 2, longest_held_seconds: 1.5 },
      { ...none, source: null, connected: 1, waiting: 1, longest_held_seconds: 0.5 },
      { ...none, source: "10.0.0.1", connected: 1, rejected: 1, longest_held_seconds: 2.5 },
      { ...none, source: "10.0.0.3", waiting: 2 },
      { ...none, source: "10.0.0.4", rejected: 2 },
    ],
    total: 5,
    next: null,
  });
});

Deno.test("GET /api/sources: is sorted by what is asked for, found by a part, and in pages", async () => {
  await using admin = await openCrowd();
  const [one, two, three, four] = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"];
  assertEquals(await listed(admin, "?sort=waiting"), [three, null, one, two, four]);
  assertEquals(await listed(admin, "?sort=rejected"), [four, one, null, two, three]);
  assertEquals(await listed(admin, "?sort=held"), [one, two, null, three, four]);
  assertEquals(await listed(admin, "?sort=source"), [null, one, two, three, four]);
  assertEquals(await listed(admin, "?search=.4"), [four]);
  const { next, total } = await admin.json("/api/sources?sort=held&limit=2");
  assertEquals(total, 5);
  const rest = await listed(admin, `?sort=held&after=${encodeURIComponent(next)}`);
  assertEquals(rest, [null, three, four]);
});

Deno.test("GET /api/sources: counts those of a gate by their address, also those turned away for it", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 1, backlogSize: 1, maxPerSource: 2 });
  const clients = await admin.gate.clients(4);
  const [row] = (await admin.json("/api/sources")).sources;
  const counts = { connected: 1, waiting: 1, rejected: 2, longest_held_seconds: 0 };
  assertEquals(row, { source: "127.0.0.1", ...counts });
  for (const client of clients) client.close();
});

Deno.test("GET /api/sources: a bad query is 400, saying what is allowed", async () => {
  await using admin = await TestAdmin.open();
  for (
    const [query, error] of [
      ["sort=name", /^sort is "name", it must be connected, waiting, rejected, held or source/],
      ["state=active", /^\/api\/sources has no parameter "state", it takes sort, search, limit/],
    ] as const
  ) {
    const response = await admin.ask(`/api/sources?${query}`);
    assertEquals(response.status, 400);
    assertMatch((await response.json()).error, error);
  }
});

Deno.test("RejectedSources: remembers those that were turned away last, and no more than it may", () => {
  const rejected = new RejectedSources();
  for (let at = 0; at < MAX_SOURCES; at++) rejected.add(`source ${at}`);
  rejected.add("source 0");
  rejected.add("one more");
  assertEquals(rejected.counts.size, MAX_SOURCES);
  const counts = ["source 0", "source 1", "source 2", "one more"].map((source) =>
    rejected.counts.get(source)
  );
  assertEquals(counts, [2, undefined, 1, 1]);
});
