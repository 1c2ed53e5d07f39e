import { assertEquals } from "@std/assert";
import { MemoryPool } from "../../lib/pool/memory_pool.ts";
import { Roster } from "../lib/roster.ts";

function newRoster(maxConnections = 1): Roster {
  return new Roster(new MemoryPool({ maxConnections, backlogSize: 10 }));
}

/** Follows a client, and notes what is told of it. */
function follow(roster: Roster, id: string, told: string[], as = id): void {
  roster.follow(id, {
    promoted: ({ active, queued }) => told.push(`${as} promoted ${active} ${queued}`),
    dismissed: () => told.push(`${as} dismissed`),
  });
}

function filled(maxConnections: number, ...ids: string[]): [Roster, string[]] {
  const roster = newRoster(maxConnections);
  const told: string[] = [];
  for (const id of ids) {
    roster.connect(id);
    follow(roster, id, told);
  }
  return [roster, told];
}

Deno.test("Roster.disconnect: tells who is let in, with the counts, and who was taken out", () => {
  const [roster, told] = filled(1, "a", "b", "c");
  assertEquals(roster.disconnect("a"), { promoted: "b", active: 1, queued: 1 });
  assertEquals(told, ["a dismissed", "b promoted 1 1"]);
});

Deno.test("Roster.leave: does not tell the one that leaves", () => {
  const [roster, told] = filled(1, "a", "b");
  roster.leave("a");
  assertEquals(told, ["b promoted 1 0"]);
  roster.leave("a");
  assertEquals(roster.stats().disconnectedTotal, 1);
});

Deno.test("Roster.configure: tells each that is let in, in order, with the counts after all of them", () => {
  const [roster, told] = filled(1, "a", "b", "c");
  const changes: unknown[] = [];
  roster.onConfigure = (before, after) => changes.push([before, after]);
  roster.configure({ maxConnections: 9, backlogSize: 0 });
  assertEquals(told, ["b promoted 3 0", "c promoted 3 0"]);
  assertEquals(changes, [[
    { maxConnections: 1, backlogSize: 10 },
    { maxConnections: 9, backlogSize: 0 },
  ]]);
});

Deno.test("Roster.pause: nobody is let in until resume, which tells who is", () => {
  const [roster, told] = filled(2, "a", "b", "c", "d");
  roster.pause();
  roster.leave("a");
  roster.leave("b");
  assertEquals(told, []);
  assertEquals(roster.connect("e").status, "queued");
  assertEquals(roster.resume().promoted, ["c", "d"]);
  assertEquals(told, ["c promoted 2 1", "d promoted 2 1"]);
});

Deno.test("Roster.follow: the first to follow is told, until the client leaves", () => {
  const [roster, told] = filled(1, "a", "b");
  follow(roster, "b", told, "second");
  roster.leave("a");
  assertEquals(told, ["b promoted 1 0"]);
  roster.disconnect("b");
  roster.connect("b");
  follow(roster, "b", told, "next");
  roster.disconnect("b");
  assertEquals(told, ["b promoted 1 0", "b dismissed", "next dismissed"]);
});

Deno.test("Roster: who follows nobody in the pool is told nothing, and a leave of nobody does nothing", () => {
  const [roster, told] = filled(1, "a");
  assertEquals(roster.disconnect("nobody"), undefined);
  assertEquals(roster.reject("draining").status, "rejected");
  assertEquals([roster.has("a"), roster.has("nobody")], [true, false]);
  assertEquals(roster.stats().rejectedTotal, 1);
  assertEquals(told, []);
});

/** A roster whose watcher notes what it is told. */
function watched(maxConnections = 1): [Roster, string[]] {
  const roster = newRoster(maxConnections);
  const told: string[] = [];
  roster.watcher = {
    entered(id, status) {
      told.push(`${id} ${status}`);
      const active = status === "connected";
      return { id, active, since: 0, waitedMs: 0, before: undefined, after: undefined };
    },
    rejected: (reason) => told.push(reason),
    promoted: ({ id }) => told.push(`${id} promoted`),
    left: ({ id }, reason, next) =>
      told.push(`${id} left ${reason ?? "by itself"}, for ${next?.id ?? "nobody"}`),
  };
  return [roster, told];
}

Deno.test("Roster.watcher: is told of every client once, followed or not, before its follower is", () => {
  const [roster, told] = watched();
  for (const id of ["a", "b", "c", "a"]) roster.connect(id);
  follow(roster, "b", told, "follower of b");
  roster.disconnect("a");
  roster.leave("b", "upstream_down");
  roster.reject("per_source");
  assertEquals(told, [
    ...["a connected", "b queued", "c queued"],
    ...["a left by itself, for b", "follower of b promoted 1 1"],
    ...["b left upstream_down, for c", "per_source"],
  ]);
});

Deno.test("Roster.watcher: is told of all that one step lets in before the first of them is", () => {
  const [roster, told] = watched(0);
  for (const id of ["a", "b"]) {
    roster.connect(id);
    follow(roster, id, told, `follower of ${id}`);
  }
  told.length = 0;
  roster.configure({ maxConnections: 2, backlogSize: 10 });
  assertEquals(told, [
    ...["a promoted", "b promoted"],
    ...["follower of a promoted 2 0", "follower of b promoted 2 0"],
  ]);
});

Deno.test("Roster.watcher: is told of those that a change of the limits and the end of a pause let in", () => {
  const [roster, told] = watched(0);
  for (const id of ["a", "b"]) roster.connect(id);
  roster.configure({ maxConnections: 1, backlogSize: 10 });
  roster.pause();
  roster.configure({ maxConnections: 2, backlogSize: 10 });
  roster.resume();
  assertEquals(told, ["a queued", "b queued", "a promoted", "b promoted"]);
});

Deno.test("Roster.watcher: is told nothing where nobody leaves", () => {
  const [roster, told] = watched();
  assertEquals([roster.disconnect("a"), told], [undefined, []]);
});

Deno.test("Roster.trafficOf: is that of the client's follower, while it is in the pool", () => {
  const roster = newRoster();
  roster.connect("a");
  const traffic = { received: 1, sent: 2 };
  roster.follow("a", { promoted: () => {}, dismissed: () => {}, traffic });
  assertEquals([roster.trafficOf("a"), roster.trafficOf("b")], [traffic, undefined]);
  roster.leave("a");
  assertEquals(roster.trafficOf("a"), undefined);
});
