/** What lib/cluster/README.md shows is what happens, with free ports in the place of its own. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { Arbiter } from "../support/cluster/arbiter.ts";
import { ClusterGate, freshPool, LEASE_MS, REDIS } from "../support/cluster/cluster.ts";
import { Crowd } from "../support/cluster/crowd.ts";
import { RedisServer } from "../support/cluster/redis_server.ts";
import { run as runProgram } from "../support/program.ts";
import { blockWith, runnable } from "../support/readmes.ts";
import { run, start, testWith } from "../support/servers.ts";
import { Service } from "../support/service.ts";
import { Client, freePort, until } from "../support/sockets.ts";

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
      // A gate listens a moment after it is in the pool.
      const arrive = async () => {
        clients.push(await Client.to(`127.0.0.1:${port}`));
      };
      await until("one listens", () => arrive().then(() => true, () => false));
      while (clients.length < 20) await arrive();
      for (const client of clients) await client.say("x");
      const all = async () =>
        (await redis.ask("hmget", "{poolgate:poolgate}", "a", "q")).split("\n").map(Number);
      await until("all are in the pool", async () => {
        const [active, queued] = await all();
        return active === places && queued === clients.length - places;
      });
      // Redis knows of a place before the gate that has it is connected to the service.
      await until("those with a place are served", () => service.open === places);
      assertEquals(service.peak <= places + 1, true);
    } finally {
      for (const client of clients) client.close();
      gates.child.kill();
      await gates.ended;
    }
  },
);

/** As many as the service bears. */
const PLACES = 4;
const BACKLOG = 1000;

testWith(
  REDIS,
  "lib/cluster/README.md: from one gate to several, nobody is refused, and never are too many served",
  async () => {
    await using redis = await RedisServer.start();
    await using service = new Arbiter(PLACES);
    const address = `127.0.0.1:${freePort()}`;
    const flags = (places: number) => [
      ...["--listen", address, "--reuse-port", "--upstream", `127.0.0.1:${service.port}`],
      ...["--max-connections", `${places}`, "--backlog-size", `${BACKLOG}`],
    ];
    const pool = freshPool();
    const cluster = [
      ...["--cluster", `redis://127.0.0.1:${redis.port}`, "--cluster-pool", pool],
      ...["--cluster-lease", `${LEASE_MS}ms`],
    ];
    const old = new ClusterGate(flags(PLACES));
    const [first, second] = [PLACES / 2, PLACES].map((places) =>
      new ClusterGate([...flags(places), ...cluster])
    );
    const staying: Client[] = [];
    let crowd: Crowd | undefined;
    try {
      await old.start();
      for (let count = 0; count < PLACES; count++) {
        const client = await Client.to(address);
        staying.push(client);
        await client.say(`stays-${count}\n`);
        await client.line();
      }
      const checked = await runProgram("", {
        args: ["--check", ...flags(PLACES / 2), ...cluster],
        permissions: ["--allow-net"],
      });
      assertEquals(checked.code, 0, checked.stderr);
      await old.configure(PLACES / 2, BACKLOG);
      for (const client of staying.splice(PLACES / 2)) client.close();
      await until("half have a place", async () => (await old.stats()).active <= PLACES / 2);
      await first!.start();
      // So many that some come to either.
      crowd = new Crowd({ gates: [{ address }], each: 30, holdMs: () => 20 });
      let oldRuns = true;
      const ended = old.drain().finally(() => oldRuns = false);
      await first!.noted(/the pool is new/);
      await until("the new one serves", () => crowd!.count("served") > 20);
      assertEquals(oldRuns, true, "it waits for those that it has");
      for (const client of staying.splice(0)) client.close();
      assertEquals(await ended, 0, old.notes);
      await first!.configure(PLACES, BACKLOG);
      await second!.start();
      await until("all places are taken", () => service.count === PLACES);
      const held = () => redis.ask("--scan", "--pattern", `{poolgate:${pool}}:a:*`);
      await until("both have some of them", async () => (await held()).split("\n").length === 2);
    } finally {
      await crowd?.stop();
      for (const client of staying) client.close();
      for (const gate of [old, first!, second!]) if (gate.runs) await gate.kill();
    }
    assertEquals(service.over, []);
    const ends = Object.groupBy(crowd.visits, ({ outcome }) => outcome);
    assertEquals(Object.keys(ends), ["served"]);
  },
);
