/** How a gate that shares its pool starts: with a Redis that will do, will not do, or is not there. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  ClusterGate,
  freshPool,
  GRACE_MS,
  LEASE_MS,
  REDIS,
  SLACK_MS,
} from "../support/cluster/cluster.ts";
import { RedisServer } from "../support/cluster/redis_server.ts";
import { BINARY, run } from "../support/program.ts";
import { Directory, run as runTool, testWith } from "../support/servers.ts";
import { Client, freePort, listener } from "../support/sockets.ts";

const permissions = ["--allow-net", "--allow-read", "--allow-write", "--allow-env=POOLGATE_*"];

const STATS = `{"src":"c1","dest":"n1","body":{"type":"pool_stats","msg_id":1}}\n`;

/** Starts a gate that listens. */
async function listening(url: string, ...args: string[]): Promise<ClusterGate> {
  const lease = ["--cluster-lease", `${LEASE_MS}ms`];
  const gate = new ClusterGate(["--cluster", url, ...lease, "--listen", "127.0.0.1:0", ...args]);
  await gate.start();
  return gate;
}

testWith(
  REDIS,
  "--cluster: a password is not shown, and a wrong one is one line and exit 2",
  async () => {
    await using redis = await RedisServer.start({ requirepass: "s3cret" });
    const at = `127.0.0.1:${redis.port}`;
    for (const user of ["", ":wr0ng@", "nobody:wr0ng@"]) {
      const { code, stdout, stderr } = await run(STATS, {
        ...{ permissions, args: ["--cluster", `redis://${user}${at}`] },
      });
      assertEquals([code, stdout], [2, ""]);
      assertMatch(
        stderr,
        new RegExp(`^poolgate: --cluster [^\\n]*${at}[^\\n]*password[^\\n]*\\n$`),
      );
      assertEquals(/wr0ng|s3cret/.test(stderr), false, stderr);
    }
    const env = { POOLGATE_CLUSTER: `redis://:s3cret@${at}` };
    const { code, stdout, stderr } = await run(STATS, { permissions, env });
    assertEquals(code, 0);
    assertStringIncludes(stdout, '"pool_stats_ok"');
    assertEquals(/s3cret/.test(stdout + stderr), false, stderr);
  },
);

testWith(
  REDIS,
  "--cluster: a user who lacks a right is one line and exit 2",
  async () => {
    await using redis = await RedisServer.start();
    const at = `127.0.0.1:${redis.port}`;
    await redis.ask("acl", "setuser", "gate", "on", ">s3cret", "~{poolgate:*", "+ping", "+hello");
    const refused = await run(STATS, {
      ...{ permissions, args: ["--cluster", `redis://gate:s3cret@${at}`] },
    });
    assertEquals(refused.code, 2);
    assertMatch(refused.stderr, /^poolgate: --cluster [^\n]*does not permit[^\n]*\n$/);
  },
);

testWith(REDIS, "--cluster: a Redis that may drop keys is a warning", async () => {
  for (const policy of ["allkeys-lru", "volatile-ttl"]) {
    await using redis = await RedisServer.start({ "maxmemory-policy": policy });
    const { code, stderr } = await run(STATS, {
      ...{ permissions, args: ["--cluster", `redis://127.0.0.1:${redis.port}`] },
    });
    assertEquals(code, 0);
    const warning = `maxmemory-policy is ${policy}, it must be noeviction or one of volatile-*`;
    assertEquals(stderr.includes(warning), policy === "allkeys-lru", stderr);
  }
});

/** A server that says it is a Redis of some version, and knows little else. */
function redisOfVersion(version: string): Deno.TcpListener {
  const server = listener();
  const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
  const answer = (command: string) => {
    if (command === "hello") return `%1\r\n${bulk("server")}${bulk("redis")}`;
    if (command === "info") return bulk(`redis_version:${version}\r\nrun_id:1\r\n`);
    return command === "client" ? "-ERR unknown subcommand\r\n" : "+OK\r\n";
  };
  const serve = async (socket: Deno.TcpConn) => {
    const buffer = new Uint8Array(4096);
    for (;;) {
      const length = await socket.read(buffer);
      if (length === null) return socket.close();
      const text = new TextDecoder().decode(buffer.subarray(0, length));
      // The first word of each command.
      const commands = [...text.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)];
      const answers = commands.map(([, command = ""]) => answer(command.toLowerCase())).join("");
      await socket.write(new TextEncoder().encode(answers));
    }
  };
  (async () => {
    for await (const socket of server) serve(socket).catch(() => {});
  })().catch(() => {});
  return server;
}

Deno.test("--cluster: a Redis that is too old is one line and exit 2", async () => {
  using server = redisOfVersion("6.2.14");
  const { code, stdout, stderr } = await run(STATS, {
    ...{ permissions, args: ["--cluster", `redis://127.0.0.1:${server.addr.port}`] },
  });
  assertEquals([code, stdout], [2, ""]);
  assertMatch(stderr, /^poolgate: --cluster [^\n]*6\.2\.14[^\n]*7\.0 or later[^\n]*\n$/);
});

testWith(
  REDIS,
  "--cluster: while there is no Redis, the gate listens, lets nobody in, and says so once",
  async () => {
    await using redis = await RedisServer.start();
    await redis.kill();
    const gate = await listening(`redis://127.0.0.1:${redis.port}`, "--cluster-pool", freshPool());
    const client = await Client.to(gate.address);
    // Whoever cannot be answered soon waits.
    assertStringIncludes(await client.line() ?? "", `"status": "queued"`);
    await gate.noted(/Redis is away/);
    await redis.resume();
    const promoted = await client.line() ?? "";
    assertStringIncludes(promoted, `"pool_promoted"`);
    await gate.noted(/Redis is back/);
    assertEquals(gate.notes.match(/Redis is away/g)?.length, 1, gate.notes);
    await redis.kill();
    client.close();
    const since = performance.now();
    assertEquals(await gate.drain(), 0);
    // It cannot leave the pool, and does not wait for that.
    const took = performance.now() - since;
    assert(took < 3 * SLACK_MS, `it took ${took} ms`);
  },
);

testWith(
  REDIS,
  "--cluster: a pool that is new says for how long it lets nobody in, and keeps to it",
  async () => {
    await using redis = await RedisServer.start();
    const url = `redis://127.0.0.1:${redis.port}`;
    const pool = ["--cluster-pool", freshPool()];
    const gate = await listening(url, ...pool);
    const since = performance.now();
    const client = await Client.to(gate.address);
    assertStringIncludes(await client.line() ?? "", `"status": "queued"`);
    assertStringIncludes(await client.line() ?? "", `"pool_promoted"`);
    const waited = performance.now() - since;
    assert(waited > GRACE_MS - SLACK_MS && waited < GRACE_MS + SLACK_MS, `it waited ${waited} ms`);
    await gate.noted(/the pool is new: nobody is let in for 1\.5 s/);
    const [key = ""] = (await redis.ask("--scan", "--pattern", "*:g:*")).split("\n");
    // The name of the machine only where that may be known.
    assertMatch(await redis.ask("hget", key, "name"), new RegExp(`(^pid-|:)${gate.pid}$`));
    // Whoever joins a pool that is there need not wait for it.
    const other = await listening(url, ...pool);
    const another = await Client.to(other.address);
    assertStringIncludes(await another.line() ?? "", `"status": "connected", "active": 2`);
    for (const each of [client, another]) each.close();
    assertEquals([await gate.drain(), await other.drain()], [0, 0]);
  },
);

testWith(
  REDIS,
  "--cluster: the first gate sets the limits, one without those flags takes them over",
  async () => {
    await using redis = await RedisServer.start();
    const args = ["--cluster", `redis://127.0.0.1:${redis.port}`];
    const limits = async (...more: string[]) => {
      const name = ["--cluster-pool", more.shift()!];
      const { stdout } = await run(
        `{"src":"c1","dest":"n1","body":{"type":"pool_config","max_connections":3,"backlog_size":4}}\n`
          .repeat(more.includes("configure") ? 1 : 0) + STATS,
        { permissions, args: [...args, ...name, ...more.filter((flag) => flag !== "configure")] },
      );
      const { max_connections, backlog_size } = JSON.parse(stdout.trim().split("\n").at(-1)!).body;
      return [max_connections, backlog_size];
    };
    assertEquals(await limits("a"), [100, 100]);
    assertEquals(await limits("b", "--max-connections", "7"), [7, 100]);
    assertEquals(await limits("b"), [7, 100]);
    assertEquals(await limits("b", "configure"), [3, 4]);
    // With the flags that there were, it does not undo what was set since.
    assertEquals(await limits("b", "--max-connections", "7"), [3, 4]);
    assertEquals(await limits("b", "--max-connections", "8"), [8, 4]);
  },
);

testWith(REDIS, "--check: with --cluster, nothing is opened", async () => {
  const args = ["--check", "--cluster", `redis://:s3cret@127.0.0.1:${freePort()}`];
  const { code, stderr } = await run("", { permissions, args });
  assertEquals([code, stderr], [0, "poolgate: flags and variables are in order\n"]);
});

const lacking: [string, string[], string][] = [
  ["redis://:s3cret@127.0.0.1:6379", [], '"127.0.0.1:6379", .* permission --allow-net: '],
  [
    "redis+unix://u:s3cret@/run/redis.sock",
    ["--allow-net"],
    '"unix:/run/redis.sock", .* permissions --allow-read --allow-write: ',
  ],
];

for (const [url, granted, complaint] of lacking) {
  for (const check of [[], ["--check"]]) {
    Deno.test({
      name: `--cluster ${url} ${check}: a permission that is missing is one line and exit 2` +
        (BINARY === undefined ? "" : " (skipped: a compiled binary has its permissions built in)"),
      ignore: BINARY !== undefined,
      fn: async () => {
        const args = ["--cluster", url, ...check];
        const { code, stdout, stderr } = await run("", { args, permissions: granted });
        assertEquals([code, stdout], [2, ""]);
        assertMatch(stderr, new RegExp(`^poolgate: --cluster is ${complaint}deno run [^\\n]*\\n$`));
        assertEquals(stderr.includes("s3cret"), false, stderr);
      },
    });
  }
}

testWith(
  REDIS,
  "--cluster: a Redis is reached over its Unix socket, and a database is its own",
  async () => {
    await using home = await Directory.make();
    const socket = `${home.path}/redis.sock`;
    await using redis = await RedisServer.start({ unixsocket: socket, requirepass: "s3cret" });
    const url = `redis+unix://:s3cret@${socket}?db=3`;
    const { code, stdout, stderr } = await run(STATS, { permissions, args: ["--cluster", url] });
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, `"pool_stats_ok"`);
    const keys = await redis.ask("-a", "s3cret", "--no-auth-warning", "-n", "3", "keys", "*");
    assertStringIncludes(keys, "{poolgate:poolgate}");
    assertEquals(/:g:|:leases/.test(keys), false, `it has left, and ${keys} are there`);
  },
);

/** An authority of our own, and what it says of localhost; in the folder that is its argument. */
const MAKE_CERTIFICATES = `
cd "$0"
new="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
openssl req -x509 $new -days 2 -subj /CN=authority -keyout ca.key -out ca.pem
openssl req $new -subj /CN=localhost -keyout key.pem -out request.pem
echo subjectAltName=DNS:localhost > extensions
openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \\
  -extfile extensions -out cert.pem
`;

testWith(
  [...REDIS, "openssl"],
  "--cluster rediss://: speaks TLS, and only with whom it trusts",
  async () => {
    await using home = await Directory.make();
    const file = (name: string) => `${home.path}/${name}`;
    const made = await runTool("bash", ["-ec", MAKE_CERTIFICATES, home.path]);
    assertEquals(made.code, 0, made.stderr);
    const tlsPort = freePort();
    await using _ = await RedisServer.start({
      ...{
        "tls-port": tlsPort,
        "tls-cert-file": file("cert.pem"),
        "tls-key-file": file("key.pem"),
      },
      ...{ "tls-ca-cert-file": file("ca.pem"), "tls-auth-clients": "no" },
    });
    const args = ["--cluster", `rediss://localhost:${tlsPort}`];
    const env = { DENO_CERT: file("ca.pem") };
    const trusting = await run(STATS, { permissions, args, env });
    assertEquals(trusting.code, 0, trusting.stderr);
    assertEquals(/Redis is away/.test(trusting.stderr), false, trusting.stderr);
    const wary = await run(STATS, { permissions, args });
    assertStringIncludes(wary.stderr, "Redis is away");
    const plain = await run(STATS, {
      ...{ permissions, args: ["--cluster", `redis://localhost:${tlsPort}`] },
    });
    assertStringIncludes(plain.stderr, "Redis is away");
  },
);
