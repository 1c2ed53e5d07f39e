/** poolgate in front of Redis, with its own clients. Imports nothing from lib/. */

import type { Socket } from "node:net";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Ended } from "../support/program.ts";
import { ADMIN_SERVED, Gate, Redis, run, start, testWith } from "../support/servers.ts";
import { resettable, until } from "../support/sockets.ts";

const PROGRAMS = ["redis-server", "redis-cli", "redis-benchmark"];
const PLACES = 10;

/** Two more than poolgate lets in: a server that counts for itself. */
const MAX_CLIENTS = PLACES + 2;

function startRedis(): Promise<Redis> {
  return Redis.start({ maxclients: MAX_CLIENTS });
}

const TOKEN = "s3cret";

function openGate(
  redis: Redis,
  places: number,
  backlog: number,
  ...more: string[]
): Promise<Gate> {
  return Gate.open(
    ...more,
    ...["--upstream", `127.0.0.1:${redis.port}`, "--reject-as", "redis"],
    ...["--max-connections", `${places}`, "--backlog-size", `${backlog}`],
  );
}

async function redisCli(port: number, ...command: string[]): Promise<Ended> {
  return await run("redis-cli", ["-p", `${port}`, ...command]);
}

function benchmark(port: number, ...args: string[]): Promise<Ended> {
  const load = ["-q", "-n", "2000", "-t", "set,get", ...args];
  return run("redis-benchmark", ["-p", `${port}`, ...load]);
}

/** Both tests of the benchmark have run to their end. */
function assertDone({ code, stdout, stderr }: Ended): void {
  assertEquals(code, 0, stdout + stderr);
  assertMatch(stdout, /SET: [\d.]+ requests per second/);
  assertMatch(stdout, /GET: [\d.]+ requests per second/);
}

testWith(PROGRAMS, "--upstream: redis-cli hears the same through it as directly", async () => {
  await using redis = await startRedis();
  await using gate = await openGate(redis, PLACES, 0);
  for (
    const command of [["PING"], ["SET", "key", "välue\r\n"], ["GET", "key"], ["GET"], ["GET", "no"]]
  ) {
    const direct = await redisCli(redis.port, ...command);
    assertEquals(await redisCli(gate.port, ...command), direct, command.join(" "));
  }
  assertEquals((await redisCli(gate.port, "GET", "key")).stdout, "välue\r\n\n");
});

testWith(PROGRAMS, "--upstream: redis-benchmark on 10 connections that it keeps", async () => {
  await using redis = await startRedis();
  // A queue all the same: between SET and GET, it opens new ones before those that it closes are over.
  await using gate = await openGate(redis, PLACES, PLACES);
  assertDone(await benchmark(gate.port, "-c", `${PLACES}`));
});

testWith(PROGRAMS, "redis-benchmark: 50 clients are too many for a server of 12", async () => {
  await using redis = await startRedis();
  const { code, stdout, stderr } = await benchmark(redis.port, "-c", "50", "-k", "0");
  assertEquals(code, 1);
  assertStringIncludes(stdout + stderr, "ERR max number of clients reached");
});

testWith(
  PROGRAMS,
  "--upstream: 50 clients that connect for each request, 10 at once, are served",
  async () => {
    await using redis = await startRedis();
    await using gate = await openGate(redis, PLACES, 100);
    assertDone(await benchmark(gate.port, "-c", "50", "-k", "0"));
  },
);

testWith(
  PROGRAMS,
  "--reject-as redis: redis-cli says why, and the one in the queue is served",
  async () => {
    await using redis = await startRedis();
    await using gate = await openGate(redis, 1, 1);
    const holder = start("redis-cli", ["-p", `${gate.port}`, "BLPOP", "list", "0"]);
    await gate.holds(1, 0);
    const waiter = start("redis-cli", ["-p", `${gate.port}`, "PING"]);
    await gate.holds(1, 1);
    const { stdout, stderr } = await redisCli(gate.port, "PING");
    assertEquals(
      (stdout + stderr).trim(),
      "ERR max number of clients reached (full: 1 is connected and 1 waits)",
    );
    await redisCli(redis.port, "RPUSH", "list", "end");
    assertStringIncludes((await holder.ended).stdout, "end");
    assertEquals((await waiter.ended).stdout, "PONG\n");
  },
);

testWith(
  [ADMIN_SERVED, ...PROGRAMS],
  "--upstream: clients that are reset or evicted never make Redis reject another one",
  async () => {
    const places = 7;
    await using redis = await Redis.start({ maxclients: places });
    const admin = ["--admin", "127.0.0.1:0", "--admin-token", TOKEN];
    await using gate = await openGate(redis, places, 2000, ...admin);
    await until("operators are served", () => /admin at /.test(gate.notes));
    const answers = new Map<string, number>();
    await Promise.all(Array.from({ length: 32 }, async (_, worker) => {
      for (let turn = 0; turn < 50; turn++) {
        const kind = [
          "reset at once",
          "reset when answered",
          "evicted at once",
          "evicted when answered",
          "polite",
        ][(worker + turn) % 5]!;
        const answer = await ping(gate, kind);
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
    }));
    assertEquals([...answers.keys()].sort(), ["", "+PONG\r\n"]);
    const answered = answers.get("+PONG\r\n")!;
    assertEquals(answered >= 960, true, `of 960 that wait for their answer, ${answered} have one`);
  },
);

/** Asks Redis for an answer in a connection of its own, and tells what it was. */
async function ping(gate: Gate, kind: string): Promise<string> {
  const socket = resettable(gate.port);
  let heard = "";
  let evicted: Promise<void> | undefined;
  await new Promise<void>((resolve) => {
    socket.on("connect", () => {
      const name = `127.0.0.1:${socket.localPort}`;
      if (kind === "evicted at once") evicted = evict(gate, socket, name);
      socket.on("data", (data) => {
        heard += data;
        if (kind === "polite") socket.end();
        else if (kind === "evicted when answered") evicted = evict(gate, socket, name);
        else if (kind === "reset when answered") socket.resetAndDestroy();
      });
    });
    socket.on("close", () => resolve());
    socket.write("PING\r\n", () => {
      if (kind === "reset at once") socket.resetAndDestroy();
    });
  });
  await evicted;
  return heard;
}

/** Takes a client out, as soon as it is in the pool, unless it has gone. */
async function evict(gate: Gate, socket: Socket, name: string): Promise<void> {
  await until(`${name} is taken out`, async () => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const response = await fetch(`${gate.admin}/api/clients/${name}`, {
      method: "DELETE",
      headers,
    });
    await response.body?.cancel();
    return response.ok || socket.destroyed;
  });
}

/** How often the gate checks in these tests. */
const CHECK_INTERVAL = ["--check-interval", "20ms"];

/** What Redis itself has counted, by its names. */
async function info(port: number): Promise<Record<string, number>> {
  const { stdout } = await redisCli(port, "INFO");
  const lines = stdout.split("\r\n").map((line) => line.split(":"));
  return Object.fromEntries(lines.map(([name = "", value]) => [name, Number(value)]));
}

testWith(
  PROGRAMS,
  "--service redis: checks never make Redis reject a client, with as many places as it takes",
  async () => {
    const places = 7;
    await using redis = await Redis.start({ maxclients: places });
    await using gate = await Gate.open(
      ...["--upstream", `127.0.0.1:${redis.port}`, "--service", "redis", ...CHECK_INTERVAL],
      ...["--max-connections", `${places}`, "--backlog-size", "2000"],
    );
    const received = async () => (await info(gate.port)).total_connections_received ?? 0;
    const before = await received();
    await until("there have been checks", async () => await received() > before + 10);
    const answers = new Map<string, number>();
    await Promise.all(Array.from({ length: 32 }, async () => {
      for (let turn = 0; turn < 50; turn++) {
        const answer = await ping(gate, "polite");
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
        // In a gap of the load, the check may take the place that a client is to have next.
        if (turn % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 60));
      }
    }));
    assertEquals([...answers], [["+PONG\r\n", 1600]]);
    assertEquals((await info(gate.port)).rejected_connections, 0);
    await gate.holds(0, 0);
    const { connected_total, promoted_total } = await gate.stats();
    assertEquals(gate.notes.includes("down"), false, gate.notes);
    // The checks are in no total; the others are those of redis-cli.
    const asked = connected_total + promoted_total - 1600;
    assertEquals(asked >= 12 && asked < 60, true, `${asked} others`);
  },
);

testWith(
  [ADMIN_SERVED, ...PROGRAMS],
  "--service redis: one that loads its data is down, says so, and those who wait are served then",
  async () => {
    await using redis = await Redis.start({
      "enable-debug-command": "yes",
      // It answers meanwhile, after each so many bytes of its file.
      "loading-process-events-interval-bytes": 1024,
    });
    await using gate = await Gate.open(
      ...["--upstream", `127.0.0.1:${redis.port}`, "--service", "redis", ...CHECK_INTERVAL],
      ...["--max-connections", "2", "--backlog-size", "5", "--admin", "127.0.0.1:0"],
    );
    // A database whose loading takes a while.
    await redisCli(redis.port, "DEBUG", "POPULATE", "2000", "key", "100");
    await redisCli(redis.port, "CONFIG", "SET", "key-load-delay", "1000");
    const reload = start("redis-cli", ["-p", `${redis.port}`, "DEBUG", "RELOAD"]);
    await until("it is down", () => gate.notes.includes("it says -LOADING"));
    const stats = await (await fetch(`${gate.admin}/api/stats`)).json();
    assertEquals([stats.upstream_up, stats.upstream_down.startsWith("it says -LOADING")], [
      false,
      true,
    ]);
    const ready = await fetch(`${gate.admin}/readyz`);
    assertStringIncludes(
      await ready.text(),
      "clients wait: the upstream is down: it says -LOADING",
    );
    assertEquals((await redisCli(gate.port, "PING")).stdout, "PONG\n");
    await until("that is noted", () => gate.notes.includes("the upstream is up again"));
    await reload.ended;
  },
);
