/**
 * First come, first served, over several gates of one pool: as clients see it, and in the order in
 * which Redis carries out its commands. Imports nothing from lib/.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Cluster, elapse, REDIS, SLACK_MS } from "../support/cluster/cluster.ts";
import { judgeRecord, judgeVisits } from "../support/cluster/order.ts";
import { Random, SEED, SEEDED } from "../support/random.ts";
import { testWith } from "../support/servers.ts";
import { Client, until } from "../support/sockets.ts";

const GATES = 3;
const WAITING = 45;
/** One of so many hangs up while it waits. */
const HANGS_UP = 6;

for (const program of ["redis-server", "valkey-server"]) {
  testWith(
    [program, "redis-cli"],
    `cluster: clients that wait at several gates are let in as they came, one by one (${program}, ${SEEDED})`,
    async () => {
      const random = new Random(SEED);
      await using cluster = await Cluster.open({ gates: GATES, places: 1, native: true, program });
      const { gates } = cluster;
      const holder = await Client.to(gates[0]!.address);
      let status = await holder.line() ?? "";
      // A pool that is new lets nobody in at first.
      if (status.includes('"queued"')) status = await holder.line() ?? "";
      assert(/"pool_promoted"|"connected"/.test(status), status);
      const waiting: Client[] = [];
      for (let at = 0; at < WAITING; at++) {
        const client = await Client.to(random.pick(gates).address);
        assertStringIncludes(
          await client.line() ?? "",
          `"queued", "active": 1, "queued": ${at + 1}`,
        );
        waiting.push(client);
      }
      const patient = waiting.filter(() => random.below(HANGS_UP) > 0);
      for (const client of waiting) if (!patient.includes(client)) client.close();
      await until(
        "those have left",
        async () => (await gates[0]!.stats()).queued === patient.length,
      );
      const order: number[] = [];
      const told = patient.map(async (client, at) => {
        assertStringIncludes(await client.line() ?? "", '"pool_promoted"');
        order.push(at);
        client.close();
      });
      holder.close();
      await Promise.all(told);
      assertEquals(order, patient.map((_, at) => at));
      await cluster.settled();
    },
  );
}

testWith(
  REDIS,
  "cluster: of many that come and go at several gates, none is let in before one that came before",
  async () => {
    await using cluster = await Cluster.open({ gates: GATES, places: 10 });
    const stop = await cluster.redis.monitor();
    const random = new Random(SEED);
    const crowd = cluster.crowd({
      each: 50,
      holdMs: () => 40 + random.below(40),
      patienceMs: () => random.below(20) === 0 ? random.below(500) : 60_000,
    });
    await cluster.full(10);
    await elapse(3000);
    await cluster.settled();
    const seen = judgeVisits(crowd.visits, 300, SLACK_MS / 4);
    const recorded = judgeRecord(await stop(), cluster.pool);
    assertEquals([seen.wrong, recorded.wrong], [[], []]);
    // Else it said nothing.
    assert(recorded.promoted > 200, `only ${recorded.promoted} were promoted`);
    assert(seen.promoted > 100, `only ${seen.promoted} waited for long`);
    assert(crowd.count("hung up") > 0, "nobody hung up");
    assertEquals(cluster.arbiter.over, []);
  },
);
