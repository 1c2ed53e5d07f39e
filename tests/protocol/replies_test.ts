import { assertEquals } from "@std/assert";
import { Later } from "../../lib/pool/later.ts";
import type { Configured } from "../../lib/pool/pool.ts";
import { Node } from "../../lib/protocol/node.ts";
import { LatePool } from "../support/late_pool.ts";
import { configure, STATS as stats, Way } from "../support/way.ts";

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
const TO = { src: "c2", dest: "n1" };
const PROMOTED = { type: "pool_promoted", clientId: "a", active: 1, queued: 0 } as const;

Deno.test("Replies.answer: what is known at once is written at once, and nobody has to be told", () => {
  const { way, types } = newWay();
  way.take(stats, stats);
  assertEquals([types(), way.late], [["pool_stats_ok", "pool_stats_ok"], 0]);
});

Deno.test("Replies.answer: a reply waits for those to the requests before it", () => {
  const { pool, way, types } = newWay();
  way.take(stats, LATE, stats, LATE, stats);
  assertEquals(types(), ["pool_stats_ok"]);
  pool.answer(1);
  assertEquals([types(), way.late], [[], 0]);
  pool.answer(0);
  const rest = ["pool_config_ok", "pool_stats_ok", "pool_config_ok", "pool_stats_ok"];
  assertEquals([types(), way.late], [rest, 1]);
  assertEquals(way.sent.map(({ body }) => body.msg_id), [0, 1, 2, 3, 4]);
});

Deno.test("Replies.announce: what no present request causes is written at once, and somebody is told to send it", () => {
  const { way, types } = newWay();
  way.replies.announce(TO, PROMOTED);
  assertEquals([types(), way.late], [["pool_promoted"], 1]);
});

Deno.test("Replies.announce: stands behind the replies that are not known yet", () => {
  const { pool, way, types } = newWay();
  way.take(LATE);
  way.replies.announce(TO, PROMOTED);
  way.take(stats);
  assertEquals(types(), []);
  pool.answer(0);
  assertEquals([types(), way.late], [["pool_config_ok", "pool_promoted", "pool_stats_ok"], 1]);
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
  pool.stats = () => {
    throw new Error("BUG: on purpose");
  };
  way.take(LATE, stats);
  assertEquals([types(), String(way.crashes)], [[], "Error: BUG: on purpose"]);
  pool.answer(0);
  assertEquals([types(), way.crashes.length], [["pool_config_ok", "error"], 1]);
});

Deno.test("Replies.giveUp: answers what has no answer with an error, in the order of requests, and takes none that comes later", () => {
  const { pool, way, types } = newWay();
  way.take(LATE, stats, LATE);
  assertEquals([types(), way.replies.standing], [[], 3]);
  way.replies.giveUp("nobody waits");
  const [first, second, third] = way.sent.map(({ body }) => body);
  assertEquals([first?.type, second?.type, third?.type], ["error", "pool_stats_ok", "error"]);
  assertEquals([first?.code, first?.text], [0, "nobody waits"]);
  pool.answer(0);
  pool.answer(1);
  assertEquals([way.sent.length, way.replies.standing], [3, 0]);
  way.take(stats);
  assertEquals(way.sent.length, 4);
});
