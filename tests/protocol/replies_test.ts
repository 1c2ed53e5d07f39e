import { assertEquals } from "@std/assert";
import { Later } from "../../lib/pool/later.ts";
import type { Configured } from "../../lib/pool/pool.ts";
import { Node } from "../../lib/protocol/node.ts";
import { settled } from "../support/fake_clock.ts";
import { LatePool } from "../support/late_pool.ts";
import { configure, connect, disconnect, request, STATS as stats, Way } from "../support/way.ts";

/** A pool whose answers to pool_config the test gives; all else it says at once. */
class HeldPool extends LatePool {
  held: Later<Configured>[] = [];

  constructor() {
    super({ maxConnections: 1, backlogSize: 5 }, 0);
  }

  override configure(): Later<Configured> {
    const answer = new Later<Configured>();
    this.held.push(answer);
    return answer;
  }

  /** Answers the pool_config that came first, second, ... */
  answer(which: number): void {
    this.held[which]!.settle({ promoted: 0, active: 0, queued: 0 });
  }
}

function newWay() {
  const pool = new HeldPool();
  const way = new Way(new Node(pool, () => 0));
  return { pool, way, types: () => way.news().map(({ body }) => body.type) };
}

const LATE = configure(1, 1);
/** Known at once. */
const KNOWN = request({ type: "refused", code: 10, text: "" });
const TOTALS = {
  ...{ connectedTotal: 0, queuedTotal: 0, promotedTotal: 0 },
  ...{ rejectedTotal: 0, disconnectedTotal: 0 },
};
const TO = { src: "c2", dest: "n1" };
const PROMOTED = { type: "pool_promoted", clientId: "a", active: 1, queued: 0 } as const;

Deno.test("Replies.answer: what is known at once is written at once, and nobody has to be told", () => {
  const { way, types } = newWay();
  way.take(stats, stats);
  assertEquals([types(), way.late], [["pool_stats_ok", "pool_stats_ok"], 0]);
});

Deno.test("Replies.answer: a reply waits for those to the requests before it", () => {
  const { pool, way, types } = newWay();
  way.take(KNOWN, LATE, KNOWN, LATE, KNOWN);
  assertEquals(types(), ["error"]);
  pool.answer(1);
  assertEquals([types(), way.late], [[], 0]);
  pool.answer(0);
  const rest = ["pool_config_ok", "error", "pool_config_ok", "error"];
  assertEquals([types(), way.late], [rest, 1]);
  assertEquals(way.sent.map(({ body }) => body.msg_id), [0, 1, 2, 3, 4]);
});

Deno.test("Replies.announce: what no present request causes is written at once, and somebody is told to send it", () => {
  const { way, types } = newWay();
  way.replies.announce(TO, PROMOTED);
  assertEquals([types(), way.late], [["pool_promoted"], 1]);
});

Deno.test("Replies.announce: stands behind the replies that are known, and before those that are not", () => {
  const { pool, way, types } = newWay();
  way.take(LATE, KNOWN, LATE);
  way.replies.announce(TO, PROMOTED);
  assertEquals(types(), []);
  pool.answer(0);
  assertEquals(types(), ["pool_config_ok", "error", "pool_promoted"]);
  way.replies.announce(TO, PROMOTED);
  assertEquals([types(), way.late], [["pool_promoted"], 2]);
  pool.answer(1);
  assertEquals(types(), ["pool_config_ok"]);
});

Deno.test("Replies.answer: what is asked of the pool as it is has its answer when those before it have theirs, and so have those behind it", async () => {
  const { pool, way, types } = newWay();
  const states: number[] = [];
  pool.stats = () => {
    states.push(pool.held.length);
    return { ...pool.limits, ...pool.own, ...TOTALS };
  };
  way.take(stats, LATE, stats, LATE, stats, KNOWN);
  assertEquals([types(), states, way.replies.standing], [["pool_stats_ok"], [0], 5]);
  // The second one has not been carried out yet.
  assertEquals(pool.held.length, 1);
  pool.answer(0);
  // The answer may not be all that is told at present.
  assertEquals([types(), states], [["pool_config_ok"], [0]]);
  await settled();
  assertEquals([types(), states], [["pool_stats_ok"], [0, 1]]);
  let answered = false;
  way.replies.whenAnswered(() => answered = true);
  assertEquals([pool.held.length, answered], [2, false]);
  pool.answer(1);
  assertEquals([types(), answered], [["pool_config_ok"], false]);
  await settled();
  assertEquals(types(), ["pool_stats_ok", "error"]);
  assertEquals([way.replies.standing, answered], [0, true]);
});

Deno.test("Replies.answer: a connect of a client that is there looks back, too", async () => {
  const { pool, way } = newWay();
  const present = pool.server.connect("a", undefined, 0);
  let asked = 0;
  pool.find = () => present;
  pool.connect = () => {
    asked++;
    return present;
  };
  way.take(LATE, connect("a"));
  assertEquals([way.replies.standing, asked], [2, 0]);
  pool.answer(0);
  await settled();
  assertEquals([way.replies.standing, asked], [0, 1]);
});

Deno.test("Replies.whenAnswered: is called when each request has its reply, at once where that is so", () => {
  const { pool, way } = newWay();
  const told: string[] = [];
  way.replies.whenAnswered(() => told.push("at once"));
  way.take(LATE, LATE);
  way.replies.whenAnswered(() => told.push(`after ${way.sent.length}`));
  pool.answer(0);
  assertEquals(told, ["at once"]);
  pool.answer(1);
  assertEquals(told, ["at once", "after 2"]);
  way.replies.whenAnswered(() => told.push("at once again"));
  assertEquals(told.length, 3);
});

Deno.test("Replies.answer: of a fault of poolgate is told at once, its reply keeps its turn", () => {
  const { pool, way, types } = newWay();
  pool.disconnect = () => {
    throw new Error("BUG: on purpose");
  };
  way.take(LATE, disconnect("a"));
  assertEquals([types(), String(way.crashes)], [[], "Error: BUG: on purpose"]);
  pool.answer(0);
  assertEquals([types(), way.crashes.length], [["pool_config_ok", "error"], 1]);
});

Deno.test("Replies.giveUp: answers what has no answer with an error, in the order of requests, and takes none that comes later", () => {
  const { pool, way, types } = newWay();
  way.take(LATE, KNOWN, LATE, stats);
  assertEquals([types(), way.replies.standing], [[], 4]);
  way.replies.giveUp("nobody waits");
  assertEquals(types(), ["error", "error", "error", "error"]);
  const [first] = way.sent.map(({ body }) => body);
  assertEquals([first?.code, first?.text], [0, "nobody waits"]);
  pool.answer(0);
  pool.answer(1);
  assertEquals([way.sent.length, way.replies.standing], [4, 0]);
  way.take(stats);
  assertEquals(way.sent.length, 5);
});
