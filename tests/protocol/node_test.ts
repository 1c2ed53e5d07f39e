import { assertEquals, assertMatch } from "@std/assert";
import { Node } from "../../lib/protocol/node.ts";
import { MemoryPool } from "../../lib/pool/memory_pool.ts";
import type { Operation, Refused, Request } from "../../lib/protocol/messages.ts";
import { Roster } from "../lib/roster.ts";

function newPool(): MemoryPool {
  return new MemoryPool({ maxConnections: 1, backlogSize: 5 });
}

function request(operation: Operation | Refused, src = "c1", dest = "n1"): Request {
  return { type: "request", src, dest, msgId: "7", operation };
}

function connect(clientId: string, notify = false, src = "c1"): Request {
  return request({ type: "pool_connect", clientId, notify }, src);
}

function disconnect(clientId: string): Request {
  return request({ type: "pool_disconnect", clientId });
}

Deno.test("Node.handle: counts its own messages from 0, errors and notices included", () => {
  const node = new Node(new Roster(newPool()));
  const requests = [
    request({ type: "pool_stats" }),
    request({ type: "refused", code: 12, text: "no" }),
    connect("a"),
    connect("b", true),
    disconnect("a"),
    disconnect("nobody"),
  ];
  const ids = requests.flatMap((each) => node.handle(each)).map(({ msgId }) => msgId);
  assertEquals(ids, [0, 1, 2, 3, 4, 5, 6]);
});

Deno.test("Node.handle: answers from the name addressed, then its own, then the one init gives", () => {
  const init = request({ type: "init", nodeId: "n9" });
  const stats = request({ type: "pool_stats" }, "c1", "addressed");
  const names = (node: Node) => [stats, init, stats].map((each) => node.handle(each)[0]?.src);
  assertEquals(names(new Node(new Roster(newPool()))), ["addressed", "n9", "n9"]);
  assertEquals(names(new Node(new Roster(newPool()), "own")), ["own", "n9", "n9"]);
});

Deno.test("Node.handle: tells of a promotion right after the reply that caused it, to who asked", () => {
  const node = new Node(new Roster(newPool()), "n1");
  for (const each of [connect("a"), connect("b", true, "c2")]) node.handle(each);
  const [reply, notice, ...more] = node.handle(disconnect("a"));
  assertEquals(reply?.body, { type: "pool_disconnect_ok", promoted: "b", active: 1, queued: 0 });
  assertEquals(notice, {
    src: "n1",
    dest: "c2",
    inReplyTo: undefined,
    msgId: 3,
    body: { type: "pool_promoted", clientId: "b", active: 1, queued: 0 },
  });
  assertEquals(more, []);
});

Deno.test("Node.handle: tells of each promotion that a pool_config caused, in order of arrival", () => {
  const node = new Node(new Roster(newPool()));
  const arrivals = [connect("a"), connect("b", true), connect("c"), connect("d", true, "c4")];
  for (const each of arrivals) node.handle(each);
  const config = request({ type: "pool_config", maxConnections: 9, backlogSize: 0 });
  const replies = node.handle(config).map(({ dest, body }) => [dest, body.type]);
  assertEquals(replies, [
    ["c1", "pool_config_ok"],
    ["c1", "pool_promoted"],
    ["c4", "pool_promoted"],
  ]);
});

Deno.test("Node.handle: a retry may ask to be told, and cannot take the notice from who asked", () => {
  const node = new Node(new Roster(newPool()));
  const arrivals = [
    connect("a"),
    connect("b"),
    connect("b", true, "first"),
    connect("b", true, "second"),
    connect("b"),
  ];
  for (const each of arrivals) node.handle(each);
  assertEquals(node.handle(disconnect("a")).map(({ dest }) => dest), ["c1", "first"]);
});

Deno.test("Node.handle: a client that left the queue, or was rejected, is not told of later", () => {
  const node = new Node(new Roster(new MemoryPool({ maxConnections: 1, backlogSize: 1 })));
  const steps = [
    connect("a"),
    connect("b", true),
    connect("rejected", true),
    disconnect("b"),
    connect("b"),
  ];
  for (const each of steps) node.handle(each);
  assertEquals(node.handle(disconnect("a")).length, 1);
  node.handle(connect("rejected"));
  assertEquals(node.handle(disconnect("b")).length, 1);
});

Deno.test("Node.handle: a connected client that asks to be told is told nothing", () => {
  const node = new Node(new Roster(newPool()));
  assertEquals(node.handle(connect("a", true)).length, 1);
  node.handle(connect("b"));
  assertEquals(node.handle(disconnect("a")).length, 1);
});

Deno.test("Node.handle: a fault of the pool is error 13, and the next request is answered", () => {
  const pool = newPool();
  const node = new Node(new Roster(pool));
  pool.connect = () => {
    throw new Error("BUG: on purpose");
  };
  const [reply] = node.handle(connect("a"));
  assertEquals(reply?.inReplyTo, "7");
  assertMatch(JSON.stringify(reply?.body), /"type":"error","code":13,"text":".*BUG: on purpose"/);
  assertEquals(node.handle(request({ type: "pool_stats" }))[0]?.body.type, "pool_stats_ok");
});

Deno.test("Node.answer: gives the answer alone, and leaves the notices to who asked for them", () => {
  const node = new Node(new Roster(newPool()), "n1");
  let woken = 0;
  node.onNotice = () => woken++;
  for (const each of [connect("a"), connect("b", true, "c2")]) node.handle(each);
  assertEquals(node.answer(disconnect("a")).body.type, "pool_disconnect_ok");
  assertEquals(woken, 1);
  assertEquals(node.notices().map(({ dest, msgId }) => [dest, msgId]), [["c2", 3]]);
  assertEquals(node.notices(), []);
});

Deno.test("Node.notices: a client that another way in lets in is told of too", () => {
  const roster = new Roster(newPool());
  const node = new Node(roster);
  for (const each of [connect("a"), connect("b", true)]) node.handle(each);
  roster.disconnect("a");
  assertEquals(node.notices().map(({ body }) => body), [
    { type: "pool_promoted", clientId: "b", active: 1, queued: 0 },
  ]);
});

Deno.test("Node.announce: is a message that answers nothing, counted like any other", () => {
  const node = new Node(new Roster(newPool()));
  node.handle(connect("a"));
  const body = { type: "init_ok" as const };
  assertEquals(node.announce({ src: "peer", dest: "here" }, body), {
    src: "here",
    dest: "peer",
    inReplyTo: undefined,
    msgId: 1,
    body,
  });
});
