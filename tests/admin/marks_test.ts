import { assertEquals } from "@std/assert";
import { Marks, MAX_MARKS, type Situation } from "../../lib/admin/marks.ts";

const QUIET: Situation = {
  limits: { maxConnections: 3, backlogSize: 5 },
  paused: false,
  draining: false,
  clusterDown: undefined,
  upstreamDown: undefined,
};

const cases: [string, Partial<Situation>, Partial<Situation>, string[]][] = [
  ["nothing", {}, {}, []],
  ["a limit", {}, { limits: { maxConnections: 4, backlogSize: 5 } }, [
    "limits_changed max_connections 3 -> 4",
  ]],
  ["a pause", {}, { paused: true }, ["paused "]],
  ["its end", { paused: true }, {}, ["resumed "]],
  ["the upstream that goes", {}, { upstreamDown: "refused" }, ["upstream_down refused"]],
  ["the upstream that comes", { upstreamDown: "refused" }, {}, ["upstream_up "]],
  ["another reason", { upstreamDown: "refused" }, { upstreamDown: "no answer" }, []],
  ["Redis that goes", {}, { clusterDown: "it was stopped" }, ["cluster_down it was stopped"]],
  ["Redis that comes back", { clusterDown: "it was stopped" }, {}, ["cluster_up "]],
  ["another reason of Redis", { clusterDown: "it was stopped" }, { clusterDown: "" }, []],
  ["a drain", {}, { draining: true }, ["draining "]],
  ["several at once", {}, { paused: true, draining: true }, ["paused ", "draining "]],
];

for (const [name, before, now, expected] of cases) {
  Deno.test(`Marks.look: marks ${name}`, () => {
    const marks = new Marks();
    marks.look(10, { ...QUIET, ...before });
    assertEquals(marks.all, []);
    marks.look(11, { ...QUIET, ...now });
    assertEquals(marks.all.map(({ kind, text }) => `${kind} ${text}`), expected);
    assertEquals(marks.all.map(({ time }) => time), expected.map(() => 11));
  });
}

Deno.test("Marks: keeps those of a day, and no more than it may", () => {
  const marks = new Marks();
  for (let time = 0; time < 2 * MAX_MARKS; time++) {
    marks.look(time, { ...QUIET, paused: time % 2 === 0 });
  }
  assertEquals([marks.all.length, marks.all[0]?.time], [MAX_MARKS, MAX_MARKS]);
  assertEquals(marks.since(2 * MAX_MARKS - 2).length, 2);
  marks.look(MAX_MARKS + 86_400 + 1, { ...QUIET, paused: false });
  assertEquals(marks.all[0]?.time, MAX_MARKS + 1);
});
