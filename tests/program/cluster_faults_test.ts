/**
 * Several gates of one pool, and what fails: gates, the network, Redis. Whether there are too many
 * is said by the service, which counts for itself. Imports nothing from lib/.
 */

import { assert, assertEquals } from "@std/assert";
import {
  Cluster,
  elapse,
  GRACE_MS,
  LEASE_MS,
  REDIS,
  SLACK_MS,
  testLong,
} from "../support/cluster/cluster.ts";
import type { Crowd } from "../support/cluster/crowd.ts";
import { judgeVisits } from "../support/cluster/order.ts";
import { DURABLE, RedisServer } from "../support/cluster/redis_server.ts";
import { testWith } from "../support/servers.ts";
import { until } from "../support/sockets.ts";

const GATES = 3;
const PLACES = 12;
/** Clients of each gate at a time: more than there are places, so that some always wait. */
const EACH = 20;

/**
 * Fewer than there are places, and more at two gates: a gate that was killed is given places until
 * its connections are seen to have closed, and is not to have all of them.
 */
const FEW = 8;

/** How long clients stay that come and go fast, and those that outlast a lease, in milliseconds. */
const SHORT_MS = 60;
const LONG_MS = 8000;

/** What lasts so long outlasts a lease. */
const BEYOND_MS = 2 * LEASE_MS;

/** A gate that is cut off ends its own by then. */
const CUT_MS = 0.9 * LEASE_MS;

/** The longest time in which no client of some gates came in, in milliseconds, since a moment. */
function longestGap({ arbiter }: Cluster, since: number, gates: readonly number[]): number {
  const times = arbiter.entries
    .filter(({ id, at }) => at >= since && gates.some((gate) => id.startsWith(`${gate}-`)))
    .map(({ at }) => at);
  return [...times, performance.now()].reduce(
    ([longest, before], at) => [Math.max(longest, at - before), at] as [number, number],
    [0, since] as [number, number],
  )[0];
}

function neverOver({ arbiter }: Cluster): void {
  assertEquals(arbiter.over, [], "there were more than the service bears");
}

/** No gate was taken for dead. */
function nobodyReaped({ gates }: Cluster): void {
  const notes = gates.map(({ notes }) => notes).join("");
  assert(!/reaped|for dead/.test(notes), notes);
}

/** Nobody with a place was ended, and nobody who waited. */
function nobodyLost(crowd: Crowd): void {
  assertEquals([crowd.count("cut"), crowd.count("turned away")], [0, 0], "some were lost");
}

/** How long it takes until all places are taken again, from a moment on. */
async function fullAfter({ arbiter }: Cluster, since: number): Promise<number> {
  await until("all places are taken", () => arbiter.count >= PLACES);
  return performance.now() - since;
}

function atMost(what: string, ms: number, limitMs: number): void {
  assert(ms <= limitMs + SLACK_MS, `${what} took ${Math.round(ms)} ms, ${limitMs} are allowed`);
}

testWith(
  REDIS,
  "cluster: a gate that is killed stops nobody's queue, and its places are others' within a lease",
  async () => {
    await using cluster = await Cluster.open({ gates: GATES, places: PLACES });
    const { arbiter, gates } = cluster;
    cluster.crowd({ each: FEW, holdMs: () => SHORT_MS });
    await cluster.full(PLACES);
    await until("the gate has places", () => arbiter.countOf(0) >= 2);
    const killed = performance.now();
    await gates[0]!.kill();
    await elapse(LEASE_MS);
    const gap = longestGap(cluster, killed, [1, 2]);
    assert(gap < SLACK_MS, `the others let nobody in for ${Math.round(gap)} ms`);
    atMost("full use", await fullAfter(cluster, killed), LEASE_MS);
    await cluster.enrolled(GATES - 1);
    neverOver(cluster);
    await cluster.settled();
  },
);

for (const [kind, holdMs] of [["short", SHORT_MS], ["long", LONG_MS]] as const) {
  testLong(
    `cluster: a gate that stands still beyond its lease, hold, ${kind} clients: what it held comes on top, and is counted again`,
    async () => {
      await using cluster = await Cluster.open({ gates: GATES, places: PLACES });
      const { arbiter, gates } = cluster;
      const crowd = cluster.crowd({ each: EACH, holdMs: () => holdMs });
      await cluster.full(PLACES);
      await until("the gate has places", () => arbiter.countOf(0) >= 1);
      const held = arbiter.countOf(0);
      const frozen = performance.now();
      gates[0]!.freeze();
      await elapse(BEYOND_MS);
      // Its clients may leave meanwhile; their end is not seen before it runs again.
      const gap = kind === "short" ? longestGap(cluster, frozen, [1, 2]) : 0;
      gates[0]!.thaw();
      const thawed = performance.now();
      // Until its lease is over, those that wait there are given places.
      atMost("the next of the others", gap, LEASE_MS);
      // It had its places when it stopped, and those on their way to it.
      for (const { from, most } of arbiter.over) {
        assert(from - frozen > LEASE_MS / 2, `over after ${Math.round(from - frozen)} ms`);
        assert(most <= PLACES + Math.max(held, PLACES / 2), `${most} at once, it held ${held}`);
      }
      await until("there are not too many", () => arbiter.count <= PLACES);
      atMost("counting again", performance.now() - thawed, holdMs);
      await gates[0]!.noted(/regist/);
      const since = performance.now();
      await elapse(SLACK_MS);
      assertEquals(arbiter.overMs(since), 0, "there are too many again");
      assertEquals(crowd.count("cut"), 0, "with hold, nobody is ended");
      await cluster.settled();
    },
  );
}

testLong(
  "cluster: a gate that stands still beyond its lease, cut: it ends its clients as soon as it runs",
  async () => {
    await using cluster = await Cluster.open({ gates: GATES, places: PLACES, lost: "cut" });
    const { arbiter, gates } = cluster;
    const crowd = cluster.crowd({ each: EACH, holdMs: () => LONG_MS });
    await cluster.full(PLACES);
    await until("the gate has places", () => arbiter.countOf(0) >= 1);
    const held = arbiter.countOf(0);
    const frozen = performance.now();
    gates[0]!.freeze();
    await elapse(BEYOND_MS);
    gates[0]!.thaw();
    const thawed = performance.now();
    await until("there are not too many", () => arbiter.count <= PLACES);
    atMost("ending them", performance.now() - thawed, 0);
    await until("its clients were ended", () => crowd.count("cut") >= held);
    for (const { from } of arbiter.over) assert(from - frozen > LEASE_MS / 2);
    const since = performance.now();
    await elapse(SLACK_MS);
    assertEquals(arbiter.overMs(since), 0, "there are too many again");
    await cluster.settled();
  },
);

testLong("cluster: a gate that stands still for less than its lease is let be", async () => {
  await using cluster = await Cluster.open({ gates: GATES, places: PLACES });
  const crowd = cluster.crowd({ each: EACH, holdMs: () => SHORT_MS });
  await cluster.full(PLACES);
  for (let time = 0; time < 3; time++) {
    cluster.gates[0]!.freeze();
    await elapse(LEASE_MS * 0.4);
    cluster.gates[0]!.thaw();
    await elapse(LEASE_MS * 0.5);
  }
  neverOver(cluster);
  nobodyLost(crowd);
  nobodyReaped(cluster);
  await cluster.settled();
});

/** A partition of the first gate alone. */
async function partitionOne(lost: "hold" | "cut", holdMs: number, lastsMs = BEYOND_MS) {
  const cluster = await Cluster.open({ gates: GATES, places: PLACES, lost });
  const { arbiter, ways } = cluster;
  const crowd = cluster.crowd({ each: EACH, holdMs: () => holdMs });
  await cluster.full(PLACES);
  await until("the gate has places", () => arbiter.countOf(0) >= 1);
  const held = arbiter.countOf(0);
  const since = performance.now();
  ways[0]!.cut();
  await elapse(lastsMs);
  ways[0]!.heal();
  const healed = performance.now();
  return { cluster, crowd, held, since, healed };
}

testWith(
  REDIS,
  "cluster: a gate that is cut off, cut: its clients are ended before others have their places",
  async () => {
    const { cluster, crowd, held, since } = await partitionOne("cut", LONG_MS);
    await using _ = cluster;
    const cut = crowd.visits.filter(({ outcome }) => outcome === "cut");
    assert(cut.length >= held, `${cut.length} of ${held} were ended`);
    for (const { left } of cut) atMost("ending them", left - since, CUT_MS);
    const others = cluster.arbiter.entries.filter(({ id, at }) => at > since && id[0] !== "0");
    assert(others.length >= held, "others have their places");
    neverOver(cluster);
    await cluster.settled();
    neverOver(cluster);
  },
);

testLong("cluster: a gate that is cut off, cut, short clients: never too many", async () => {
  const { cluster, since } = await partitionOne("cut", SHORT_MS);
  await using _ = cluster;
  // Until its lease is over, those that wait there are given places.
  atMost("the next of the others", longestGap(cluster, since, [1, 2]), LEASE_MS);
  neverOver(cluster);
  await cluster.settled();
});

testLong("cluster: a gate that is cut off, hold, short clients: never too many", async () => {
  const { cluster, crowd, since, healed } = await partitionOne("hold", SHORT_MS);
  await using _ = cluster;
  atMost("the next of the others", longestGap(cluster, since, [1, 2]), LEASE_MS);
  neverOver(cluster);
  // Those that waited there have kept their turn, and are let in.
  await until("its clients are let in", () => longestGap(cluster, healed, [0]) < SLACK_MS);
  nobodyLost(crowd);
  await cluster.settled();
});

testLong(
  "cluster: a gate that is cut off, hold, long clients: what it held comes on top until it leaves",
  async () => {
    const { cluster, crowd, held, since } = await partitionOne("hold", LONG_MS);
    await using _ = cluster;
    const { arbiter } = cluster;
    for (const { from, most } of arbiter.over) {
      assert(from - since > LEASE_MS / 2, `over after ${Math.round(from - since)} ms`);
      assert(most <= PLACES + held, `${most} at once, it held ${held}`);
    }
    await until("there are not too many", () => arbiter.count <= PLACES);
    const now = performance.now();
    await elapse(SLACK_MS);
    assertEquals(arbiter.overMs(now), 0, "there are too many again");
    nobodyLost(crowd);
    await cluster.settled();
  },
);

testLong("cluster: a gate that is cut off for half a lease, three times, is let be", async () => {
  await using cluster = await Cluster.open({ gates: GATES, places: PLACES, lost: "cut" });
  const crowd = cluster.crowd({ each: EACH, holdMs: () => SHORT_MS });
  await cluster.full(PLACES);
  for (let time = 0; time < 3; time++) {
    cluster.ways[0]!.cut();
    await elapse(LEASE_MS * 0.4);
    cluster.ways[0]!.heal();
    await elapse(LEASE_MS * 0.7);
  }
  neverOver(cluster);
  nobodyLost(crowd);
  await cluster.settled();
});

/** What keeps Redis from all gates for longer than a lease. */
interface Outage {
  name: string;
  begin(cluster: Cluster): void | Promise<void>;
  end(cluster: Cluster): void | Promise<void>;
}

const OUTAGES: readonly Outage[] = [
  {
    name: "all gates are cut off",
    begin: ({ ways }) => ways.forEach((way) => way.cut()),
    end: ({ ways }) => ways.forEach((way) => way.heal()),
  },
  {
    name: "Redis is down",
    begin: ({ redis }) => redis.kill(),
    end: ({ redis }) => redis.resume(),
  },
  {
    name: "Redis stands still",
    begin: ({ redis }) => redis.freeze(),
    end: ({ redis }) => redis.thaw(),
  },
];

for (const { name, begin, end } of OUTAGES) {
  for (const lost of ["hold", "cut"] as const) {
    testLong(
      `cluster: ${name} for two leases, ${lost}: nobody is let in, and nobody is reaped`,
      async () => {
        await using cluster = await Cluster.open({
          ...{ gates: GATES, places: PLACES, lost, redis: DURABLE },
        });
        const crowd = cluster.crowd({ each: EACH, holdMs: () => LONG_MS });
        await cluster.full(PLACES);
        const since = performance.now();
        await begin(cluster);
        await elapse(BEYOND_MS);
        const let_in = cluster.arbiter.entries.filter(({ at }) => at > since + SLACK_MS);
        assertEquals(let_in, [], "nobody is let in while Redis is away");
        if (lost === "hold") {
          assertEquals(cluster.arbiter.count, PLACES, "whoever has a place keeps it");
          nobodyLost(crowd);
        } else {
          assertEquals(cluster.arbiter.count, 0, "whoever has a place is ended");
          for (const { left } of crowd.visits) atMost("ending them", left - since, CUT_MS);
        }
        const ended = performance.now();
        await end(cluster);
        if (lost === "cut") atMost("full use", await fullAfter(cluster, ended), GRACE_MS);
        await elapse(LONG_MS - BEYOND_MS);
        atMost("full use", await fullAfter(cluster, performance.now()), 0);
        nobodyReaped(cluster);
        neverOver(cluster);
        await cluster.settled();
      },
    );
  }
}

testWith(
  REDIS,
  "cluster: Redis is killed and started again with its file: nobody is lost, and never too many",
  async () => {
    await using cluster = await Cluster.open({ gates: GATES, places: PLACES, redis: DURABLE });
    const crowd = cluster.crowd({ each: EACH, holdMs: () => 300 });
    await cluster.full(PLACES);
    for (let time = 0; time < 2; time++) {
      await cluster.redis.kill();
      await elapse(300);
      await cluster.redis.resume();
      const since = performance.now();
      const before = cluster.arbiter.entries.length;
      await until("somebody is let in", () => cluster.arbiter.entries.length > before + PLACES);
      atMost("full use", await fullAfter(cluster, since), GRACE_MS);
    }
    neverOver(cluster);
    nobodyLost(crowd);
    await cluster.settled();
  },
);

for (
  const [name, empty] of [
    ["Redis is started again empty", async ({ redis }: Cluster) => {
      await redis.kill();
      await redis.forget();
      await redis.resume();
    }],
    ["FLUSHALL", async ({ redis }: Cluster) => {
      assertEquals(await redis.ask("flushall"), "OK");
    }],
  ] as const
) {
  testLong(
    `cluster: ${name}: places are kept, those that wait keep their turn, never too many`,
    async () => {
      await using cluster = await Cluster.open({ gates: GATES, places: PLACES });
      const crowd = cluster.crowd({ each: EACH, holdMs: () => 1000 });
      await cluster.full(PLACES);
      for (let time = 0; time < 2; time++) {
        await elapse(SLACK_MS);
        // One that comes back a little later is waited for.
        if (time === 1) cluster.ways[0]!.cut();
        await empty(cluster);
        if (time === 1) await elapse(GRACE_MS / 2);
        cluster.ways[0]!.heal();
        const since = performance.now();
        const before = cluster.arbiter.entries.length;
        await until("many are let in", () => cluster.arbiter.entries.length > before + 2 * PLACES);
        atMost("full use", await fullAfter(cluster, since), LEASE_MS + GRACE_MS);
      }
      neverOver(cluster);
      nobodyLost(crowd);
      assertEquals(judgeVisits(crowd.visits, 500, SLACK_MS).wrong, []);
      await cluster.settled();
    },
  );
}

testLong("cluster: a replica takes over that has not heard of the last second", async () => {
  await using cluster = await Cluster.open({ gates: GATES, places: PLACES, redis: DURABLE });
  const { redis, ways } = cluster;
  await using replica = await RedisServer.start({ replicaof: `127.0.0.1 ${redis.port}` });
  await until("it follows", async () => /master_link_status:up/.test(await replica.ask("info")));
  const crowd = cluster.crowd({ each: EACH, holdMs: () => 500 });
  await cluster.full(PLACES);
  await elapse(SLACK_MS);
  assertEquals(await replica.ask("replicaof", "no", "one"), "OK");
  await elapse(1500);
  await redis.kill();
  for (const way of ways) way.target = replica.port;
  for (const way of ways) way.drop();
  const since = performance.now();
  const before = cluster.arbiter.entries.length;
  await until("many are let in", () => cluster.arbiter.entries.length > before + 2 * PLACES);
  atMost("full use", await fullAfter(cluster, since), LEASE_MS);
  neverOver(cluster);
  nobodyLost(crowd);
  await crowd.stop();
  await until("the pool is empty", async () => {
    const { active, queued } = await cluster.gates[0]!.stats();
    return active === 0 && queued === 0;
  });
  const { ":a:GATE": held = 0, ":q:GATE": waiting = 0 } = await replica.members(cluster.pool);
  assertEquals([held, waiting], [0, 0]);
});

testLong("cluster: CLIENT KILL of all connections, ten times: nobody is lost", async () => {
  await using cluster = await Cluster.open({ gates: GATES, places: PLACES });
  const crowd = cluster.crowd({ each: EACH, holdMs: () => SHORT_MS });
  await cluster.full(PLACES);
  for (let time = 0; time < 10; time++) {
    await cluster.redis.askAll(["client kill type normal", "client kill type pubsub"]);
    await elapse(400);
  }
  const since = performance.now();
  atMost("full use", await fullAfter(cluster, since), 0);
  neverOver(cluster);
  nobodyLost(crowd);
  await cluster.settled();
});

testLong("cluster: SCRIPT FLUSH all the time: nobody notices", async () => {
  await using cluster = await Cluster.open({ gates: GATES, places: PLACES });
  const crowd = cluster.crowd({ each: EACH, holdMs: () => SHORT_MS });
  const since = await cluster.full(PLACES);
  const flushes = Array.from({ length: 3000 }, () => "script flush");
  assert((await cluster.redis.askAll(flushes)).startsWith("OK"));
  for (let time = 0; time < 100; time++) {
    await cluster.redis.ask("script", "flush");
    await elapse(10);
  }
  const gap = longestGap(cluster, since, [0, 1, 2]);
  assert(gap < SLACK_MS, `nobody was let in for ${Math.round(gap)} ms`);
  neverOver(cluster);
  nobodyLost(crowd);
  await cluster.settled();
});

testLong(
  "cluster: a gate without its upstream is passed over, and its clients keep their turn",
  async () => {
    await using cluster = await Cluster.open({
      // One that has its place when the upstream goes tries to reach it for so long.
      ...{ gates: GATES, places: PLACES, args: ["--connect-timeout", "1s"] },
    });
    const { arbiter, gates, upstreams } = cluster;
    cluster.crowd({ each: EACH, holdMs: () => 200 });
    await cluster.full(PLACES);
    upstreams[0]!.close();
    await gates[0]!.noted(/the upstream is down/);
    await until("it has nobody there", () => arbiter.countOf(0) === 0);
    const down = performance.now();
    await elapse(LEASE_MS);
    const gap = longestGap(cluster, down, [1, 2]);
    assert(gap < SLACK_MS, `the others let nobody in for ${Math.round(gap)} ms`);
    assertEquals(arbiter.entries.filter(({ id, at }) => at > down && id[0] === "0"), []);
    atMost("full use of the others", await fullAfter(cluster, performance.now()), 0);
    upstreams[0]!.reopen();
    const up = performance.now();
    await until("its clients are let in", () => arbiter.countOf(0) > 0);
    // They came before all that wait at the other gates.
    const entered = () => {
      const since = arbiter.entries.filter(({ at }) => at > up);
      return since.slice(since.findIndex(({ id }) => id[0] === "0"));
    };
    await until("the next have been let in", () => entered().length >= PLACES);
    const own = entered().slice(0, PLACES).filter(({ id }) => id[0] === "0");
    assert(own.length >= PLACES - 2, `of the next ${PLACES}, only ${own.length} were its clients`);
    neverOver(cluster);
    await cluster.settled();
  },
);

testLong("cluster: limits are changed at one gate, for all", async () => {
  await using cluster = await Cluster.open({ gates: GATES, places: PLACES });
  const { arbiter, gates } = cluster;
  const crowd = cluster.crowd({ each: EACH, holdMs: () => SHORT_MS });
  await cluster.full(PLACES);
  for (const places of [4, 20, 1, PLACES]) {
    if (places > PLACES) arbiter.places = places;
    await gates[1]!.configure(places, 10_000);
    await until("there are no more", () => arbiter.count <= places);
    // Those that were on their way when it was lowered are there by now.
    await elapse(SLACK_MS);
    await until("there are no more", () => arbiter.count <= places);
    arbiter.places = places;
    const since = performance.now();
    await elapse(SLACK_MS);
    assertEquals(arbiter.overMs(since), 0, `more than ${places}`);
    await until("all are used", () => arbiter.count === places);
    if (places < PLACES) arbiter.places = PLACES;
  }
  nobodyLost(crowd);
  await cluster.settled();
});

testWith(
  REDIS,
  "cluster: a gate that is drained serves whom it has, and its leaving is known at once",
  async () => {
    await using cluster = await Cluster.open({
      ...{ gates: GATES, places: PLACES, args: ["--drain-queue", "reject"] },
    });
    const { arbiter, gates } = cluster;
    const crowd = cluster.crowd({ each: EACH, holdMs: () => 500 });
    await cluster.full(PLACES);
    await until("the gate has places", () => arbiter.countOf(0) >= 1);
    const since = performance.now();
    assertEquals(await gates[0]!.drain(), 0);
    atMost("draining", performance.now() - since, 500);
    await cluster.enrolled(GATES - 1);
    atMost("leaving", performance.now() - since, 500);
    assertEquals(crowd.count("cut"), 0, "whoever had a place was served");
    const gap = longestGap(cluster, since, [1, 2]);
    assert(gap < SLACK_MS, `the others let nobody in for ${Math.round(gap)} ms`);
    atMost("full use", await fullAfter(cluster, performance.now()), 0);
    neverOver(cluster);
    await cluster.settled();
  },
);
