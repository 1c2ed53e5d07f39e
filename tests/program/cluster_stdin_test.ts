/**
 * stdin and stdout with a pool that is shared: the messages are those of a pool in memory, byte for
 * byte, in the order of the requests, though each answer comes from Redis. Imports nothing from
 * lib/.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { elapse, freshPool, GRACE_MS, LEASE_MS, REDIS } from "../support/cluster/cluster.ts";
import { Cuttable } from "../support/cluster/cuttable.ts";
import { RedisServer } from "../support/cluster/redis_server.ts";
import { Conversation } from "../support/program.ts";
import { CASES, inputOf, outputOf } from "../support/samples.ts";
import { testWith } from "../support/servers.ts";

/** How many samples are run side by side: they mostly wait. */
const AT_ONCE = 13;

const permissions = ["--allow-net", "--allow-read", "--allow-write"];

function flags(port: number, pool: string): string[] {
  return [
    ...["--cluster", `redis://127.0.0.1:${port}`, "--cluster-pool", pool],
    ...["--cluster-lease", `${LEASE_MS}ms`],
  ];
}

/** Starts a node in a pool that is there. */
function joining(port: number, pool: string): Conversation {
  return Conversation.inShell('exec "$@"', { args: flags(port, pool), permissions });
}

/** Starts a node in a pool that is new, and waits until that lets clients in. */
async function founding(port: number, pool: string, ...args: string[]): Promise<Conversation> {
  const [node] = await Conversation.noting(/(the pool is new)/, [...flags(port, pool), ...args]);
  await elapse(GRACE_MS);
  return node;
}

/** All that a node answers to an input that ends, and its exit code. */
async function replies(node: Conversation, input: Uint8Array | string): Promise<[string, number]> {
  await node.say(input);
  await node.hush();
  let text = "";
  for (let heard = await node.hear(); heard !== ""; heard = await node.hear()) text += heard;
  return [text, await node.exit()];
}

function message(body: Record<string, unknown>): string {
  return `${JSON.stringify({ src: "c1", dest: "n1", body })}\n`;
}

function connect(id: string, notify = false): string {
  return message({ type: "pool_connect", client_id: id, ...notify ? { notify } : {} });
}

function disconnect(id: string): string {
  return message({ type: "pool_disconnect", client_id: id });
}

/** The bodies of lines, without the numbers of messages. */
function bodies(text: string): Record<string, unknown>[] {
  return text.trim().split("\n").map((line) => {
    const { msg_id: _, ...body } = JSON.parse(line).body;
    return body;
  });
}

async function heardBodies(node: Conversation, count: number): Promise<Record<string, unknown>[]> {
  let text = "";
  while (text.split("\n").length <= count) {
    const heard = await node.hear();
    if (heard === "") break;
    text += heard;
  }
  return bodies(text);
}

testWith(
  REDIS,
  `--cluster: each of ${CASES.length} samples comes out byte for byte, in a pool of its own`,
  async () => {
    await using redis = await RedisServer.start();
    const wrong: string[] = [];
    const left = [...CASES];
    const work = async () => {
      for (let name = left.shift(); name !== undefined; name = left.shift()) {
        const node = await founding(redis.port, freshPool());
        const [text, code] = await replies(node, await inputOf(name));
        const expected = (await outputOf(name)).split("\n");
        const line = text.split("\n").findIndex((line, at) => line !== expected[at]);
        if (code === 0 && line === -1 && text.split("\n").length === expected.length) continue;
        wrong.push(`${name}, ${code}: ${text.split("\n")[line]} instead of ${expected[line]}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    assertEquals(wrong, []);
  },
);

testWith(
  REDIS,
  "--cluster: promotions cross from node to node, and whoever asked is told there",
  async () => {
    await using redis = await RedisServer.start();
    const pool = freshPool();
    const first = await founding(redis.port, pool, "--max-connections", "1");
    const second = joining(redis.port, pool);
    await first.say(connect("ann"));
    assertEquals(await heardBodies(first, 1), [
      { type: "pool_connect_ok", status: "connected", active: 1, queued: 0 },
    ]);
    await second.say(connect("ann", true) + connect("bob", true));
    assertEquals(await heardBodies(second, 2), [
      { type: "pool_connect_ok", status: "queued", active: 1, queued: 1 },
      { type: "pool_connect_ok", status: "queued", active: 1, queued: 2 },
    ]);
    await first.say(disconnect("ann"));
    // The client that was let in is another node's, though it has the same name.
    assertEquals(await heardBodies(first, 1), [
      { type: "pool_disconnect_ok", promoted: null, active: 1, queued: 1 },
    ]);
    assertEquals(await heardBodies(second, 1), [
      { type: "pool_promoted", client_id: "ann", active: 1, queued: 1 },
    ]);
    await second.say(disconnect("ann"));
    assertEquals(await heardBodies(second, 2), [
      { type: "pool_disconnect_ok", promoted: "bob", active: 1, queued: 0 },
      { type: "pool_promoted", client_id: "bob", active: 1, queued: 0 },
    ]);
    await second.say(disconnect("eve"));
    assertStringIncludes(String((await heardBodies(second, 1))[0]?.text), "eve");
    // A node that ends leaves with its clients.
    await first.say(connect("carl", true));
    assertEquals((await heardBodies(first, 1))[0]?.status, "queued");
    assertEquals(await second.end(), 0);
    assertEquals((await heardBodies(first, 1))[0]?.type, "pool_promoted");
    assertEquals(await first.end(), 0);
  },
);

testWith(
  REDIS,
  "--cluster: a signal ends a node, too, and its clients leave the pool",
  async () => {
    await using redis = await RedisServer.start();
    const pool = freshPool();
    const node = await founding(redis.port, pool);
    await node.say(connect("ann"));
    await node.hear();
    node.signal("SIGTERM");
    assertEquals(await node.exit(), 0);
    assertEquals(await redis.ask("hget", `{poolgate:${pool}}`, "a"), "0");
  },
);

testWith(
  REDIS,
  "--cluster: many requests travel together, and each has its reply in their order",
  async () => {
    await using redis = await RedisServer.start();
    const pool = freshPool();
    const node = await founding(redis.port, pool, "--max-connections", "100");
    const stop = await redis.monitor();
    const requests = Array.from(
      { length: 2000 },
      (_, at) => message({ type: "pool_connect", client_id: `c${at}`, msg_id: at }),
    );
    const [text, code] = await replies(node, requests.join(""));
    const heard = bodies(text);
    assertEquals(code, 0);
    assertEquals(heard.map(({ in_reply_to }) => in_reply_to), requests.map((_, at) => at));
    assertEquals(heard.map(({ status }) => status), [
      ...Array<string>(100).fill("connected"),
      ...Array<string>(100).fill("queued"),
      ...Array<string>(1800).fill("rejected"),
    ]);
    const calls = (await stop()).filter((line) => !line.includes(" lua]") && /"EVAL/.test(line));
    assert(calls.length > 0 && calls.length < 50, `${calls.length} calls for 2000 requests`);
  },
);

testWith(
  REDIS,
  "--cluster: at the end of the input, answers that come late are waited for",
  async () => {
    await using redis = await RedisServer.start();
    await using way = new Cuttable(redis.port);
    const node = await founding(way.port, freshPool());
    way.cut();
    const configure = message({ type: "pool_config", max_connections: 7, backlog_size: 7 });
    await node.say(configure + message({ type: "pool_stats" }));
    await node.hush();
    await elapse(LEASE_MS / 10);
    way.heal();
    const [config, stats] = await heardBodies(node, 2);
    assertEquals([config?.type, stats?.max_connections], ["pool_config_ok", 7]);
    assertEquals(await node.exit(), 0);
  },
);

testWith(
  REDIS,
  "--cluster: at the end of the input, answers that do not come for a lease are errors",
  async () => {
    await using redis = await RedisServer.start();
    const node = await founding(redis.port, freshPool());
    await node.say(connect("ann"));
    assertEquals((await heardBodies(node, 1))[0]?.status, "connected");
    await redis.kill();
    await node.note();
    const configure = message({ type: "pool_config", max_connections: 7, backlog_size: 7 });
    await node.say(connect("bob") + configure + message({ type: "pool_stats" }));
    const since = performance.now();
    await node.hush();
    const [connected, config, stats] = await heardBodies(node, 3);
    const took = performance.now() - since;
    assert(took > LEASE_MS * 0.9 && took < 2 * LEASE_MS, `it took ${took} ms`);
    // Whoever cannot be answered soon waits.
    assertEquals([connected?.type, connected?.status], ["pool_connect_ok", "queued"]);
    for (const error of [config, stats]) assertEquals([error?.type, error?.code], ["error", 0]);
    assertEquals(await node.exit(), 0);
  },
);
