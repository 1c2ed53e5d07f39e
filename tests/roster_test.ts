import { assertEquals } from "@std/assert";
import { ConnectionPool } from "../lib/pool.ts";
import { Roster } from "../lib/roster.ts";

function newRoster(maxConnections = 1): Roster {
  return new Roster(new ConnectionPool({ maxConnections, backlogSize: 10 }));
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
  assertEquals(roster.reject().status, "rejected");
  assertEquals([roster.has("a"), roster.has("nobody")], [true, false]);
  assertEquals(roster.stats().rejectedTotal, 1);
  assertEquals(told, []);
});
