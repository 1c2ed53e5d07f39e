/** What lib/cluster/README.md shows is what happens, with free ports in the place of its own. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { freshPool, LEASE_MS, REDIS } from "../support/cluster/cluster.ts";
import { RedisServer } from "../support/cluster/redis_server.ts";
import { run as runProgram } from "../support/program.ts";
import { type Block, BLOCKS, runnable } from "../support/readmes.ts";
import { run, start, testWith } from "../support/servers.ts";
import { Service } from "../support/service.ts";
import { Client, freePort, until } from "../support/sockets.ts";

function blockWith(beginning: string): Block {
  const [block, ...others] = BLOCKS.filter(({ script }) => script.startsWith(beginning));
  if (block === undefined || others.length > 0) throw new Error(`${beginning} is to be one block`);
  return block;
}

const cwd = new URL("../..", import.meta.url).pathname;

testWith(REDIS, "lib/cluster/README.md: two gates of its example share one place", async () => {
  const { script, output } = blockWith("redis-server --port 6380");
  const ours = runnable(script).replaceAll("6380", `${freePort()}`);
  const { code, stdout, stderr } = await run("bash", ["-c", `cd ${cwd}\n${ours}`]);
  assertEquals([code, stdout], [0, output ?? "nothing"], stderr);
  assertStringIncludes(stderr, "the pool is new: nobody is let in for 1.5 s");
});

testWith(REDIS, "lib/cluster/README.md: a user needs no more rights than those", async () => {
  await using redis = await RedisServer.start();
  const { script } = blockWith("redis-cli ACL SETUSER");
  const granted = await run("bash", [
    "-c",
    script.replace("redis-cli", `redis-cli -p ${redis.port}`),
  ]);
  assertEquals(granted.stdout.trim(), "OK", granted.stderr);
  const pool = freshPool();
  const requests = [
    { type: "pool_config", max_connections: 1, backlog_size: 1 },
    { type: "pool_connect", client_id: "ann" },
    { type: "pool_connect", client_id: "bob" },
    { type: "pool_disconnect", client_id: "ann" },
    { type: "pool_stats" },
  ].map((body) => `${JSON.stringify({ src: "c", dest: "n", body })}\n`);
  const { code, stdout, stderr } = await runProgram(requests.join(""), {
    args: [
      ...["--cluster", `redis://gate:s3cret@127.0.0.1:${redis.port}/1`, "--cluster-pool", pool],
      ...["--cluster-lease", `${LEASE_MS}ms`],
    ],
    permissions: ["--allow-net"],
  });
  assertEquals(code, 0, stderr);
  assertEquals(stderr.includes("Redis is away"), false, stderr);
  const types = stdout.trim().split("\n").map((line) => JSON.parse(line).body.type);
  const expected = ["config", "connect", "connect", "disconnect", "stats"];
  assertEquals(types, expected.map((what) => `pool_${what}_ok`));
  const refused = await redis.ask("--user", "gate", "--pass", "s3cret", "set", "{poolgate:x", "1");
  assertStringIncludes(refused, "NOPERM");
});

testWith(
  REDIS,
  "lib/cluster/README.md: two processes of its example share one address, and the places",
  async () => {
    await using redis = await RedisServer.start();
    await using service = new Service();
    const { script } = blockWith("for process in 1 2");
    const [port, places] = [freePort(), 2];
    const ours = runnable(script).replace("127.0.0.1:8081", `127.0.0.1:${port}`)
      .replace("127.0.0.1:8090", `127.0.0.1:${service.address.port}`)
      .replace("--max-connections 32", `--max-connections ${places}`)
      .replace("127.0.0.1:6379", `127.0.0.1:${redis.port}`);
    const gates = start("bash", ["-c", `trap 'kill $(jobs -p); wait' TERM\ncd ${cwd}\n${ours}`]);
    const clients: Client[] = [];
    try {
      const leases = () => redis.ask("zcard", "{poolgate:poolgate}:leases");
      await until("both are in the pool", async () => await leases() === "2");
      for (let at = 0; at < 20; at++) clients.push(await Client.to(`127.0.0.1:${port}`));
      for (const client of clients) await client.say("x");
      const all = async () =>
        (await redis.ask("hmget", "{poolgate:poolgate}", "a", "q")).split("\n").map(Number);
      await until("all are in the pool", async () => {
        const [active, queued] = await all();
        return active === places && queued === clients.length - places;
      });
      assertEquals([service.open, service.peak <= places + 1], [places, true]);
    } finally {
      for (const client of clients) client.close();
      gates.child.kill();
      await gates.ended;
    }
  },
);
