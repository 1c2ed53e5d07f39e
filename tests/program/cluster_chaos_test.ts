/**
 * All that may happen to gates that share a pool, in an order that the seed decides. At the end
 * every place must be there again, and there may have been too many only while a gate was stopped or
 * cut off for long. Imports nothing from lib/.
 */

import { assert, assertEquals } from "@std/assert";
import { Cluster, elapse, LEASE_MS, SLACK_MS, testLong } from "../support/cluster/cluster.ts";
import { DURABLE } from "../support/cluster/redis_server.ts";
import { Random, SEED, SEEDED } from "../support/random.ts";

const GATES = 3;
const PLACES = 12;
const EACH = 25;

/** How long it lasts, in seconds; a variable has it last longer. */
const SECONDS = Number(Deno.env.get("POOLGATE_TEST_CHAOS_SECONDS") ?? 50);

/** How long a client stays at most, in milliseconds. */
const MAX_HOLD_MS = 400;

/** The time between two faults at most, in milliseconds. */
const MAX_CALM_MS = 1500;

/**
 * A gate that does not answer for so long may be passed over when Redis has just been started
 * again: half a lease, less what a renewal is apart.
 */
const LONG_FAULT_MS = 0.4 * LEASE_MS;

/** A time in which there may be too many, in milliseconds. */
interface Excuse {
  from: number;
  to: number;
}

for (const lost of ["hold", "cut"] as const) {
  testLong(
    `cluster: chaos, ${lost}: nothing is lost, and too many are there only by a gate that was stopped or cut off (${SEEDED}, POOLGATE_TEST_CHAOS_SECONDS=${SECONDS})`,
    async () => {
      const random = new Random(SEED);
      await using cluster = await Cluster.open({
        ...{ gates: GATES, places: PLACES, lost, redis: DURABLE },
        limitMs: 120_000 + SECONDS * 1000,
      });
      const crowd = cluster.crowd({
        each: EACH,
        holdMs: () => 30 + random.below(MAX_HOLD_MS - 30),
        patienceMs: () => random.below(10) === 0 ? random.below(1000) : 10 * 60_000,
      });
      await cluster.full(PLACES);
      const { excuses, log } = await havoc(cluster, random, lost);
      // What the last fault has caused is over by then.
      await elapse(MAX_HOLD_MS + SLACK_MS);
      const unexcused = cluster.arbiter.over.filter(({ from, to }) =>
        !excuses.some((excuse) => excuse.from <= from && to <= excuse.to)
      );
      assertEquals(unexcused, [], `too many, behind ${log.join("\n")}`);
      const served = crowd.count("served");
      await cluster.full(PLACES).catch((error) => {
        throw new Error(`${error.message}, behind ${log.join("\n")}`);
      });
      await elapse(SLACK_MS);
      assert(crowd.count("served") > served, "nobody is served any more");
      await cluster.settled().catch((error) => {
        throw new Error(`${error.message}, behind ${log.join("\n")}`);
      });
    },
  );
}

/** Does harm until the time is over, and mends all of it. */
async function havoc(cluster: Cluster, random: Random, lost: "hold" | "cut") {
  const { gates, ways, upstreams, redis } = cluster;
  const begun = performance.now();
  const excuses: Excuse[] = [];
  const log: string[] = [];
  /** The gates that something is being done to: one thing at a time. */
  const busy = new Set<number>();
  let redisBusy = false;
  const lasting: Promise<void>[] = [];
  const say = (text: string) => log.push(`${Math.round(performance.now() - begun)} ms: ${text}`);
  const toGate = (what: string, harm: (at: number) => Promise<void>) => {
    const free = gates.map((_, at) => at).filter((at) => !busy.has(at));
    if (free.length === 0) return;
    const at = random.pick(free);
    busy.add(at);
    say(`${what} gate ${at}`);
    lasting.push(
      harm(at).then(() => {
        busy.delete(at);
        say(`end of: ${what} gate ${at}`);
      }),
    );
  };
  const forLong = async (begin: () => void, end: () => void, stopped: boolean) => {
    const from = performance.now();
    begin();
    await elapse(random.below(2.5 * LEASE_MS));
    end();
    const to = performance.now();
    // One that runs ends its clients in time with `cut`.
    if (to - from < LONG_FAULT_MS || (lost === "cut" && !stopped)) return;
    excuses.push({ from: from + LONG_FAULT_MS, to: to + MAX_HOLD_MS + SLACK_MS });
  };
  const faults = [
    () =>
      toGate("kill", async (at) => {
        await gates[at]!.kill();
        await elapse(random.below(2 * LEASE_MS));
        await gates[at]!.start();
      }),
    () => toGate("stop", (at) => forLong(() => gates[at]!.freeze(), () => gates[at]!.thaw(), true)),
    () => toGate("cut off", (at) => forLong(() => ways[at]!.cut(), () => ways[at]!.heal(), false)),
    () =>
      toGate("take the upstream of", async (at) => {
        upstreams[at]!.close();
        await elapse(random.below(LEASE_MS));
        upstreams[at]!.reopen();
      }),
    () => toGate("drop the connection of", async (at) => await ways[at]!.drop()),
    () => {
      if (redisBusy) return;
      redisBusy = true;
      say("kill Redis");
      lasting.push((async () => {
        await redis.kill();
        await elapse(random.below(1000));
        await redis.resume();
        redisBusy = false;
        say("Redis is back");
      })());
    },
    () => {
      if (redisBusy) return;
      say("CLIENT KILL, SCRIPT FLUSH");
      lasting.push(
        redis.askAll(["client kill type normal", "client kill type pubsub", "script flush"])
          .then(() => {}),
      );
    },
  ];
  while (performance.now() - begun < SECONDS * 1000) {
    random.pick(faults)();
    await elapse(random.below(MAX_CALM_MS));
  }
  await Promise.all(lasting);
  return { excuses, log };
}
