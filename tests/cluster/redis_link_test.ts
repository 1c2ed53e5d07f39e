/** The way to a real Redis, and to what only looks like one. */

import { assertEquals, assertMatch } from "@std/assert";
import { FENCED } from "../../lib/cluster/link.ts";
import { SCRIPTS } from "../../lib/cluster/scripts.ts";
import {
  addressOf,
  Caller,
  doEverything,
  join,
  leave,
  type Lost,
  RawGate,
  SERVERS,
  TestPool,
} from "../support/cluster/caller.ts";
import { FakeRedis, greeting, list } from "../support/cluster/fake_redis.ts";
import { RedisServer, type Settings } from "../support/cluster/redis_server.ts";
import { blockWith } from "../support/readmes.ts";
import { Directory, run, testWith } from "../support/servers.ts";
import { freePort, listener, until } from "../support/sockets.ts";

const LIMITS = { maxConnections: 10, backlogSize: 10 };
const POOL = "test";
const PASSWORD = "s3cret";

function test(name: string, settings: Settings, fn: (redis: RedisServer) => Promise<void>): void {
  for (const program of SERVERS) {
    testWith([program, "redis-cli"], `redisLink: ${name} (${program})`, async () => {
      await using redis = await RedisServer.start(settings, program);
      await fn(redis);
    });
  }
}

/** @returns How a connection was lost that is tried, without where the server is. */
async function failureAt(
  address: Parameters<typeof addressOf>,
  openLimitMs?: number,
): Promise<Lost> {
  const server = addressOf(...address);
  const caller = new Caller(server, POOL, openLimitMs);
  await caller.settled();
  const [lost] = caller.lost;
  if (lost === undefined) throw new Error("it is open");
  assertEquals([caller.lost.length, caller.server], [1, undefined]);
  assertEquals(lost.reason.includes(PASSWORD), false);
  return { ...lost, reason: lost.reason.replace(/^redis(s|\+unix)?:\/\/\S+: /, "") };
}

test("says what the server is", { "maxmemory-policy": "allkeys-lru" }, async (redis) => {
  const { server, connection } = await Caller.open(addressOf(redis.port), POOL);
  assertMatch(server!.runId, /^[0-9a-f]{40}$/);
  assertMatch(server!.version, /^\d+\.\d+\.\d+$/);
  assertEquals(server!.maxmemoryPolicy, "allkeys-lru");
  connection.close();
});

test("reaches it by a Unix socket", { unixsocket: "redis.sock" }, async (redis) => {
  const path = `${redis.directory}/redis.sock`;
  const address = { transport: "unix", path } as const;
  const { connection } = await Caller.open(addressOf(0, { address }), POOL);
  connection.close();
});

test("logs in, into the database that is asked for", { requirepass: PASSWORD }, async (redis) => {
  const address = addressOf(redis.port, { password: PASSWORD, database: 3 });
  const caller = await Caller.open(address, POOL);
  await RawGate.attach(caller);
  const auth = ["--no-auth-warning", "-a", PASSWORD];
  assertEquals(await redis.ask(...auth, "-n", "3", "exists", `{poolgate:${POOL}}`), "1");
  caller.connection.close();
});

testWith(
  ["redis-server", "redis-cli", "openssl"],
  "redisLink: a certificate of nobody that is trusted is refused, and what to do is said",
  async () => {
    await using home = await Directory.make();
    const [cert, key] = [`${home.path}/cert.pem`, `${home.path}/key.pem`];
    const { code, stderr } = await run("openssl", [
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"],
      ...["-keyout", key, "-out", cert],
    ]);
    assertEquals(code, 0, stderr);
    const port = freePort();
    await using _ = await RedisServer.start({
      ...{ "tls-port": port, "tls-cert-file": cert, "tls-key-file": key },
      ...{ "tls-ca-cert-file": cert, "tls-auth-clients": "no" },
    });
    const { reason, fatal } = await failureAt([port, { tls: true }]);
    assertMatch(reason, /^its certificate is not trusted \(.*certificate.*\); DENO_CERT in the/);
    assertEquals(fatal, false);
  },
);

test("a password that is wrong or missing is fatal", { requirepass: PASSWORD }, async (redis) => {
  assertEquals(await failureAt([redis.port]), { reason: "asks for a password", fatal: true });
  const wrong = { reason: "refuses the user or the password", fatal: true };
  assertEquals(await failureAt([redis.port, { password: `${PASSWORD}!` }]), wrong);
  const user = { username: "nobody", password: PASSWORD };
  assertEquals(await failureAt([redis.port, user]), wrong);
});

test("a database that there is not is fatal", {}, async (redis) => {
  const failure = await failureAt([redis.port, { database: 99 }]);
  assertEquals(failure, { reason: "has no database 99", fatal: true });
});

test("a user who may not do what is needed is fatal", {}, async (redis) => {
  await redis.ask("acl", "setuser", "reader", "on", `>${PASSWORD}`, "~*", "&*", "+hello", "+info");
  const address = addressOf(redis.port, { username: "reader", password: PASSWORD });
  const caller = await Caller.open(address, POOL);
  const failure = await RawGate.attach(caller).catch(({ message }) => message);
  assertMatch(failure, /: does not permit this user what is needed$/);
  assertEquals(caller.lost[0]?.fatal, true);
});

/** All that a gate needs of a server, as its access control has it. */
const RIGHTS = [
  ...[`~{poolgate:*`, `&{poolgate:*`, "+hello", "+info", "+ssubscribe"],
  ...["+eval", "+evalsha", "+time", "+unlink", "+spublish", "+pubsub|shardnumsub"],
  ...["+hget", "+hmget", "+hset", "+hdel", "+hincrby"],
  ...["+zadd", "+zrem", "+zrange", "+zcard", "+zscore"],
  ...["+sadd", "+srem", "+scard", "+sismember", "+smembers"],
];

test("a user with few rights is enough", {}, async (redis) => {
  await redis.ask("acl", "setuser", "gate", "on", `>${PASSWORD}`, ...RIGHTS);
  const address = addressOf(redis.port, { username: "gate", password: PASSWORD });
  await doEverything(redis, address);
});

test("the user of lib/cluster/README.md may do all that gates do", {}, async (redis) => {
  const { script } = blockWith("redis-cli ACL SETUSER");
  const command = script.replace("redis-cli", `redis-cli -p ${redis.port}`);
  const { stdout, stderr } = await run("bash", ["-c", command]);
  assertEquals(stdout.trim(), "OK", stderr);
  const user = { username: "gate", password: "s3cret" };
  await doEverything(redis, addressOf(redis.port, { ...user, database: 1 }));
});

test("a replica that is read-only is none to wait at, but not fatal", {}, async (primary) => {
  await using replica = await RedisServer.start({ replicaof: `127.0.0.1 ${primary.port}` });
  const failure = await failureAt([replica.port]);
  assertEquals(failure, { reason: "is a replica, which is read-only", fatal: false });
});

test("a server that becomes a replica is lost at the next call", {}, async (redis) => {
  await using pool = await TestPool.make(redis, LIMITS);
  const gate = await pool.listeningGate();
  await redis.ask("replicaof", "127.0.0.1", `${freePort()}`);
  gate.ask("renew", {}).catch(() => {});
  await until("it is lost", () => gate.caller.lost.length > 0);
  assertMatch(gate.caller.lost[0]!.reason, /: is a replica, which is read-only$/);
  assertEquals(gate.caller.lost[0]!.fatal, false);
});

test("a server without memory is lost, and nothing was half done", {}, async (redis) => {
  await using pool = await TestPool.make(redis, LIMITS);
  const gate = await pool.listeningGate();
  await gate.apply([join(1)]);
  await redis.ask("config", "set", "maxmemory", "1");
  gate.apply([join(2), leave(1)]).catch(() => {});
  await until("it is lost", () => gate.caller.lost.length > 0);
  assertMatch(gate.caller.lost[0]!.reason, /: has no memory left \(maxmemory\)$/);
  await redis.ask("config", "set", "maxmemory", "0");
  gate.caller = await pool.open();
  const { lastBatch, held } = await gate.attachAgain();
  assertEquals([lastBatch, held], [1, [1]]);
});

test("a connection that is killed is lost once, and calls are not answered", {}, async (redis) => {
  await using pool = await TestPool.make(redis, LIMITS);
  const gate = await pool.listeningGate();
  let answered = false;
  await redis.ask("client", "kill", "type", "pubsub");
  await until("it is lost", () => gate.caller.lost.length > 0);
  gate.ask("renew", {}).then(() => answered = true, () => {});
  const again = await pool.gate();
  await again.call("renew", {});
  assertEquals([gate.caller.lost, answered], [[{
    reason: `redis://127.0.0.1:${redis.port}: has closed the connection`,
    fatal: false,
  }], false]);
});

test("of a connection that is given up nothing more is heard", {}, async (redis) => {
  await using pool = await TestPool.make(redis, LIMITS);
  const gate = await pool.listeningGate();
  let answered = false;
  gate.ask("renew", {}).then(() => answered = true);
  gate.caller.connection.close();
  const other = await pool.listeningGate();
  await other.call("configure", { limits: { maxConnections: 1 } });
  assertEquals([answered, gate.caller.lost, gate.caller.pushes], [false, [], []]);
  const never = new Caller(addressOf(redis.port), POOL);
  never.connection.close();
  await other.call("renew", {});
  assertEquals([never.server, never.lost], [undefined, []]);
});

test("batches are carried out while scripts are forgotten", {}, async (redis) => {
  await using pool = await TestPool.make(redis, LIMITS);
  const gates = [await pool.listeningGate(), await pool.listeningGate()];
  let flushes = 0;
  let over = false;
  const flushing = (async () => {
    while (!over) {
      await redis.askAll(Array.from({ length: 200 }, () => "script flush"));
      flushes += 200;
    }
  })();
  const carriedOut = gates.map(() => 0);
  await Promise.all(gates.map(async (gate, at) => {
    while (flushes < 1000) {
      const client = gate.batch + 1;
      assertEquals((await gate.op(join(client))).kind, "placed");
      assertEquals((await gate.op(leave(client))).kind, "left");
      carriedOut[at]! += 2;
    }
  }));
  over = true;
  await flushing;
  assertEquals(carriedOut.every((count) => count > 20), true);
});

/** What a script answers before its own part. */
const HEADER = [0, 0, 1, 1, 0, 0, 1000, 0, 0, 0, 0, 0, 0, 0, 0, 0];

Deno.test("redisLink: a batch whose script is forgotten is sent again, and holds up no other call", async () => {
  const greet = greeting("7.0.0");
  await using fake = new FakeRedis((command) =>
    greet(command) ??
      (command[0] === "EVALSHA"
        ? "-NOSCRIPT No matching script. Please use EVAL.\r\n"
        : list(...HEADER, ...command[1] === SCRIPTS.apply.source ? [0, 1, 0, -1] : []))
  );
  const caller = await Caller.open(addressOf(fake.port), POOL);
  const answers: string[] = [];
  await Promise.all([
    caller.call("apply", { gate: 1, batch: 2, answered: 1, replay: false, ops: [join(1)] })
      .then((reply) => answers.push(reply === FENCED ? FENCED : reply.results[0]!.kind)),
    caller.call("renew", { gate: 1 }).then(() => answers.push("renewed")),
  ]);
  caller.connection.close();
  assertEquals(answers, ["renewed", "placed"]);
  const asked = fake.asked.filter(([name]) => /^EVAL/.test(name!));
  assertEquals(asked.map(([name]) => name), ["EVALSHA", "EVAL", "EVAL"]);
  assertEquals(asked[2], ["EVAL", SCRIPTS.apply.source, ...asked[0]!.slice(2)]);
});

Deno.test("redisLink: a server that is too old is fatal", async () => {
  await using six = new FakeRedis(greeting("6.2.14"));
  const reason = "is version 6.2.14; 7.0 or later is needed";
  assertEquals(await failureAt([six.port]), { reason, fatal: true });
  // As it answers: with what it was sent.
  await using five = new FakeRedis(([name, ...args]) =>
    `-ERR unknown command \`${name}\`, with args beginning with: ${args.join(", ")}\r\n`
  );
  const older = "is older than 7.0, which is needed";
  assertEquals(await failureAt([five.port, { password: PASSWORD }]), {
    reason: older,
    fatal: true,
  });
});

Deno.test("redisLink: where there is no server, it says so", async () => {
  const nothing = { reason: "nothing listens", fatal: false };
  const port = freePort();
  assertEquals(await failureAt([port]), nothing);
  const localhost = { transport: "tcp", hostname: "localhost", port } as const;
  assertEquals(await failureAt([port, { address: localhost }]), nothing);
  const path = { transport: "unix", path: "/nonexistent/redis.sock" } as const;
  const noSocket = { reason: "there is no such socket", fatal: false };
  assertEquals(await failureAt([0, { address: path }]), noSocket);
});

Deno.test("redisLink: a server that says nothing is given up", async () => {
  using silent = listener();
  const failure = await failureAt([silent.addr.port], 100);
  assertEquals(failure, { reason: "does not answer", fatal: false });
});

Deno.test("redisLink: a server of something else is none", async () => {
  await using web = new FakeRedis(() => "HTTP/1.1 400 Bad Request\r\n\r\n");
  const failure = await failureAt([web.port]);
  assertEquals(failure, { reason: "does not speak the protocol of Redis", fatal: false });
});

Deno.test("redisLink: a server that is loading is not there yet", async () => {
  await using fake = new FakeRedis(() => "-LOADING Redis is loading the dataset in memory\r\n");
  assertEquals(await failureAt([fake.port]), { reason: "is loading its data", fatal: false });
});
