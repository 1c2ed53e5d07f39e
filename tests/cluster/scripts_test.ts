/** What the scripts promise where gates, connections and the server fail: one case a test. */

import { assertEquals, assertThrows } from "@std/assert";
import { FENCED } from "../../lib/cluster/link.ts";
import { poolKey, SCRIPTS } from "../../lib/cluster/scripts.ts";
import {
  claim,
  join,
  leave,
  LONG_LEASE_MS,
  type RawGate,
  SERVERS,
  TestPool,
} from "../support/cluster/caller.ts";
import { RedisServer } from "../support/cluster/redis_server.ts";
import { missing, testWith } from "../support/servers.ts";
import { until } from "../support/sockets.ts";

const LIMITS = { maxConnections: 1, backlogSize: 10 };

/** A time that no clock of a server has come to, in microseconds: a ticket of another server. */
const LATER_US = 4e15;

const HALF_LEASE_MS = LONG_LEASE_MS / 2;

/** Servers that run while the tests of this file do. */
const servers = new Map<string, RedisServer>();

Deno.test.beforeAll(async () => {
  for (const program of SERVERS) {
    if (missing([program, "redis-cli"]) !== undefined) continue;
    servers.set(program, await RedisServer.start({}, program));
  }
});
Deno.test.afterAll(async () => {
  for (const server of servers.values()) await server[Symbol.asyncDispose]();
});

/** A test with a new pool of {@linkcode LIMITS} on each server that is here. */
function test(name: string, fn: (pool: TestPool) => Promise<void>): void {
  for (const program of SERVERS) {
    testWith([program, "redis-cli"], `scripts: ${name} (${program})`, async () => {
      await using pool = await TestPool.make(servers.get(program)!, LIMITS);
      await fn(pool);
    });
  }
}

/** How a client's ops come out: without counts. */
async function kinds(gate: RawGate, ...clients: number[]): Promise<string[]> {
  const { results } = await gate.apply(clients.map((n) => n < 0 ? leave(-n) : join(n)));
  return results.map(({ kind }) => kind);
}

function pushed(gate: RawGate): number[] {
  return gate.caller.pushes.flatMap(({ promoted }) => promoted);
}

test("a batch that comes late is refused, and changes nothing", async (pool) => {
  const gate = await pool.listeningGate();
  await gate.call("apply", { batch: 7, answered: 0, replay: false, ops: [join(1), join(2)] });
  for (const batch of [6, 7]) {
    const ops = [leave(1), join(3)];
    assertEquals(await gate.ask("apply", { batch, answered: 0, replay: false, ops }), FENCED);
  }
  const { active, queued, lastBatch, held } = await gate.attachAgain();
  assertEquals({ active, queued, lastBatch, held }, {
    active: 1,
    queued: 1,
    lastBatch: 7,
    held: [1],
  });
});

test("a batch is refused where the server has lost what it has answered", async (pool) => {
  const gate = await pool.listeningGate();
  await gate.call("apply", { batch: 3, answered: 0, replay: false, ops: [join(1)] });
  const next = { batch: 5, replay: false, ops: [join(2)] };
  assertEquals(await gate.ask("apply", { ...next, answered: 4 }), FENCED);
  const { active, queued } = await gate.call("renew", {});
  assertEquals([active, queued], [1, 0]);
  const { results } = await gate.call("apply", { ...next, answered: 3 });
  assertEquals(results.map(({ kind }) => kind), ["queued"]);
});

test("what is asked again is answered again, and changes nothing", async (pool) => {
  const gate = await pool.listeningGate();
  const ops = [join(1), join(2), join(3)];
  const first = await gate.apply(ops);
  const again = await gate.apply(ops, true);
  const { results, ...rest } = first;
  assertEquals(results.map(({ kind }) => kind), ["placed", "queued", "queued"]);
  const tickets = (all: typeof results) =>
    all.map((result) => result.kind === "queued" ? result.ticket : undefined);
  assertEquals(tickets(again.results), tickets(results));
  assertEquals({ ...again, results: [], nextLeaseMs: 0 }, { ...rest, results: [], nextLeaseMs: 0 });
  await gate.apply([leave(2)]);
  assertEquals((await gate.apply([leave(2)], true)).results[0]?.kind, "unknown");
});

test("a gate whose lease ends is reaped by the next that calls, and fenced", async (pool) => {
  const gone = await pool.listeningGate({ name: "gone" });
  const other = await pool.listeningGate();
  assertEquals(await kinds(gone, 1, 2), ["placed", "queued"]);
  assertEquals(await kinds(other, 1), ["queued"]);
  await pool.ask("zincrby", ":leases", -LONG_LEASE_MS, `${gone.number}`);
  const reply = await other.call("renew", {});
  assertEquals(reply.reaped, [{ name: "gone", active: 1, queued: 1 }]);
  assertEquals(reply.promoted, [1]);
  assertEquals([reply.active, reply.queued, reply.gates.length], [1, 0, 1]);
  assertEquals(
    await gone.ask("apply", { batch: 9, answered: 0, replay: false, ops: [join(3)] }),
    FENCED,
  );
  for (const call of ["renew", "retire"] as const) assertEquals(await gone.ask(call, {}), FENCED);
  assertEquals(await gone.ask("pauseGate", { paused: true }), FENCED);
  assertEquals(await gone.ask("pausePool", { paused: true }), FENCED);
  assertEquals(await gone.ask("configure", { limits: LIMITS }), FENCED);
  const nothing = { held: [], waiting: [], paused: false, done: true };
  assertEquals(await gone.ask("register", nothing), FENCED);
  assertEquals((await other.call("renew", {})).paused, false);
});

test("a gate whose own lease is over is fenced, and its places are given on", async (pool) => {
  const gate = await pool.listeningGate();
  const other = await pool.listeningGate();
  await kinds(gate, 1);
  await kinds(other, 1);
  await pool.ask("zincrby", ":leases", -LONG_LEASE_MS, `${gate.number}`);
  assertEquals(await gate.ask("renew", {}), FENCED);
  await until("the other is told", () => pushed(other).length > 0);
  assertEquals(pushed(other), [1]);
});

test("whoever waits goes before one who comes in the batch that reaps", async (pool) => {
  const gone = await pool.listeningGate();
  const other = await pool.listeningGate();
  await kinds(gone, 1);
  await kinds(other, 1);
  await pool.ask("zincrby", ":leases", -LONG_LEASE_MS, `${gone.number}`);
  const { results, promoted } = await other.apply([join(2)]);
  assertEquals([results[0]?.kind, promoted], ["queued", [1]]);
});

test("the end of a lease is told to all, and the nearest one", async (pool) => {
  const near = await pool.gate({ leaseMs: LONG_LEASE_MS / 10 });
  const far = await pool.gate();
  const { nextLeaseMs, gates } = await far.call("renew", {});
  assertEquals(nextLeaseMs > LONG_LEASE_MS / 20 && nextLeaseMs <= LONG_LEASE_MS / 10, true);
  assertEquals(gates.map(({ gate }) => gate), [near.number, far.number]);
  await pool.pass(1000);
  const aged = (await far.call("renew", {})).gates.map(({ leaseAgeMs }) => leaseAgeMs);
  assertEquals([aged[0]! >= 1000, aged[1]! < 1000], [true, true]);
});

test("after a restart of the server nobody is let in until all gates are back", async (pool) => {
  const [first, second] = [await pool.listeningGate(), await pool.listeningGate()];
  await kinds(first, 1);
  await kinds(second, 1);
  const attached = await first.attachAgain({ runId: "another" });
  assertEquals(attached.known, true);
  assertEquals(attached.heldMs > 0 && attached.heldMs <= HALF_LEASE_MS, true);
  // It compares first: what it does not miss is said by its next call.
  assertEquals((await second.call("renew", {})).heldMs > 0, true);
  assertEquals(await kinds(second, 2), ["queued"]);
  const { results, heldMs } = await first.apply([leave(1)]);
  assertEquals([results[0]?.kind, heldMs], ["left", 0]);
  await until("the other is told", () => pushed(second).length > 0);
  assertEquals(pushed(second), [1]);
});

test("a gate found again is waited for until its next call", async (pool) => {
  const [first, second] = [await pool.listeningGate(), await pool.listeningGate()];
  assertEquals((await first.attachAgain({ runId: "another" })).heldMs > 0, true);
  assertEquals((await second.attachAgain({ runId: "another" })).heldMs > 0, true);
  assertEquals((await first.call("renew", {})).heldMs > 0, true);
  assertEquals((await second.call("renew", {})).heldMs, 0);
});

test("that nobody was heard for half a lease reaps nobody", async (pool) => {
  const [first, second] = [await pool.listeningGate(), await pool.listeningGate()];
  await kinds(first, 1);
  await kinds(second, 1);
  await pool.pass(2 * LONG_LEASE_MS);
  const reply = await second.call("renew", {});
  assertEquals([reply.reaped, reply.active, reply.queued, reply.heldMs > 0], [[], 1, 1, true]);
  assertEquals(reply.nextLeaseMs > LONG_LEASE_MS - 60_000, true);
  assertEquals((await first.call("renew", {})).heldMs, 0);
});

test("a clock that goes back has no lease last longer", async (pool) => {
  const [gone, gate] = [await pool.listeningGate(), await pool.listeningGate()];
  await pool.pass(-100 * LONG_LEASE_MS);
  const { heldMs } = await gate.call("renew", {});
  assertEquals(heldMs > 0 && heldMs <= HALF_LEASE_MS, true);
  const ends = await Promise.all(
    [gone, gate].map(({ number }) => pool.ask("zscore", ":leases", number)),
  );
  assertEquals(ends[0], ends[1]);
});

test("a clock that goes back before any gate is there holds nobody for longer", async (pool) => {
  await pool.ask("del");
  await (await pool.gate()).call("retire", {});
  await pool.pass(-100 * LONG_LEASE_MS);
  const { heldMs } = await (await pool.gate()).call("renew", {});
  assertEquals(heldMs > 0 && heldMs <= HALF_LEASE_MS, true);
});

test("a new pool's time is not begun again by an era", async (pool) => {
  await pool.ask("del");
  const gate = await pool.listeningGate();
  await pool.pass(2 * LONG_LEASE_MS);
  assertEquals((await gate.call("renew", {})).heldMs, 0);
});

test("known gates are waited for half a lease at most, not for their lease", async (pool) => {
  const gone = await pool.listeningGate();
  const other = await pool.listeningGate();
  await kinds(gone, 1);
  const { heldMs } = await other.attachAgain({ runId: "another" });
  assertEquals(heldMs <= HALF_LEASE_MS, true);
  await pool.ask("hincrby", "", "n", "1");
  assertEquals(await kinds(other, 1), ["queued"]);
  await pool.ask("hset", "", "hold", "1");
  // Whoever has come meanwhile is not overtaken by the one that comes then.
  const { results, promoted } = await other.apply([join(2)]);
  assertEquals([results[0]?.kind, promoted], ["queued", [1]]);
});

test("a gate that has no number yet is not waited for", async (pool) => {
  await pool.gate();
  const gate = await pool.gate();
  assertEquals(await kinds(gate, 1), ["placed"]);
});

test("a gate that is waited for, and leaves or is reaped, is waited for no more", async (pool) => {
  const other = await pool.listeningGate();
  for (const leaving of [true, false]) {
    const gate = await pool.gate();
    assertEquals((await gate.attachAgain({ anew: true })).heldMs > 0, true);
    if (leaving) await gate.call("retire", {});
    else await pool.ask("zincrby", ":leases", -LONG_LEASE_MS, `${gate.number}`);
    assertEquals((await other.call("renew", {})).heldMs, 0);
  }
});

test("a gate that registers is waited for, and has its clients with their tickets", async (pool) => {
  const gate = await pool.listeningGate();
  const other = await pool.listeningGate();
  const [, second, third] = (await gate.apply([join(1), join(2), join(3)])).results;
  await kinds(other, 1);
  if (second?.kind !== "queued" || third?.kind !== "queued") throw new Error("they do not wait");
  const { known, held, heldMs } = await gate.attachAgain({ anew: true });
  assertEquals([known, held, heldMs > 0], [false, [], true]);
  const waiting = [{ ...claim(2), ticket: second.ticket }, { ...claim(3), ticket: third.ticket }];
  await gate.call("register", {
    held: [claim(1)],
    waiting: [waiting[0]!],
    paused: false,
    done: false,
  });
  assertEquals((await other.call("renew", {})).heldMs > 0, true);
  const rest = { held: [], waiting: [waiting[1]!], paused: false, done: true };
  const { active, queued, ...reply } = await gate.call("register", rest);
  assertEquals([active, queued, reply.heldMs], [1, 3, 0]);
  await gate.listen();
  const { results: [left] } = await gate.apply([leave(1)]);
  assertEquals(left, { kind: "left", promoted: 2, active: 1, queued: 2 });
});

test("a registration that was broken off begins anew under another number", async (pool) => {
  const gate = await pool.listeningGate();
  await kinds(gate, 1, 2);
  await gate.attachAgain({ anew: true });
  const half = { held: [claim(1)], waiting: [], paused: false, done: false };
  await gate.call("register", half);
  const { number } = gate;
  const { known, active, queued, heldMs } = await gate.attachAgain();
  assertEquals([known, gate.number === number, active, queued], [false, false, 0, 0]);
  assertEquals(heldMs > 0, true);
  gate.number = number;
  assertEquals(await gate.ask("register", half), FENCED);
});

test("however often a registration is begun, others wait half a lease for it", async (pool) => {
  const other = await pool.listeningGate();
  const gate = await pool.gate();
  await gate.attachAgain({ anew: true });
  await pool.ask("hincrby", `:g:${gate.number}`, "reg", -HALF_LEASE_MS);
  await pool.ask("hset", "", "hold", "1");
  await gate.attachAgain();
  assertEquals((await other.call("renew", {})).heldMs, 0);
});

test("a part of a registration that comes behind the first batch is refused", async (pool) => {
  const gate = await pool.listeningGate();
  await gate.attachAgain({ anew: true });
  const all = { held: [claim(1)], waiting: [], paused: false, done: true };
  await gate.call("register", all);
  await kinds(gate, -1);
  assertEquals(await gate.ask("register", all), FENCED);
  assertEquals((await gate.call("renew", {})).active, 0);
});

test("no batch is carried out while the gate registers", async (pool) => {
  const gate = await pool.listeningGate();
  await gate.attachAgain({ anew: true });
  assertEquals(
    await gate.ask("apply", { batch: 1, answered: 0, replay: false, ops: [join(1)] }),
    FENCED,
  );
});

test("a gate that nobody listens for is passed over, and back with its tickets", async (pool) => {
  const [deaf, other] = [await pool.gate(), await pool.listeningGate()];
  await kinds(other, 1);
  assertEquals(await kinds(deaf, 1), ["queued"]);
  await kinds(other, 2, 3);
  const first = (await other.apply([leave(1)])).results[0];
  assertEquals(first, { kind: "left", promoted: 2, active: 1, queued: 2 });
  await deaf.listen();
  const second = (await other.apply([leave(2)])).results[0];
  assertEquals(second, { kind: "left", promoted: undefined, active: 1, queued: 1 });
  await until("it is told", () => pushed(deaf).length > 0);
  assertEquals(pushed(deaf), [1]);
});

test("a gate that is paused is passed over, and back with its tickets", async (pool) => {
  const [paused, other] = [await pool.listeningGate(), await pool.listeningGate()];
  await kinds(other, 1);
  await kinds(paused, 1);
  await kinds(other, 2, 3);
  await paused.call("pauseGate", { paused: true });
  const { results: [first] } = await other.apply([leave(1)]);
  assertEquals(first, { kind: "left", promoted: 2, active: 1, queued: 2 });
  assertEquals((await other.call("renew", {})).gates.map((gate) => gate.paused), [true, false]);
  await paused.call("pauseGate", { paused: false });
  const { results: [second] } = await other.apply([leave(2)]);
  assertEquals(second, { kind: "left", promoted: undefined, active: 1, queued: 1 });
});

test("what was told is counted, so that a push that was lost is missed", async (pool) => {
  const [gate, other] = [await pool.listeningGate(), await pool.listeningGate()];
  await kinds(other, 1);
  await kinds(gate, 1);
  await kinds(other, -1);
  await until("it is pushed", () => gate.caller.pushes.length > 0);
  assertEquals(gate.caller.pushes, [{
    ...{ active: 1, queued: 0, told: 1, paused: false, limits: LIMITS, promoted: [1] },
  }]);
  assertEquals((await gate.call("renew", {})).told, 1);
  assertEquals((await gate.attachAgain()).held, [1]);
});

test("a gate is reaped in the same time whatever it holds: by UNLINK", async (pool) => {
  const many = 20_000;
  await pool.ask("hset", "", "b", `${many}`);
  const [gone, other] = [await pool.listeningGate(), await pool.listeningGate()];
  const ops = Array.from({ length: 1000 }, (_, n) => n);
  for (let from = 0; from < many; from += ops.length) {
    await gone.apply(ops.map((n) => join(from + n)));
  }
  await pool.redis.ask("config", "resetstat");
  await pool.ask("zincrby", ":leases", -LONG_LEASE_MS, `${gone.number}`);
  const { reaped, active, queued } = await other.call("renew", {});
  assertEquals([reaped, active, queued], [
    [{ name: "gate", active: 1, queued: many - 1 }],
    0,
    0,
  ]);
  const stats = await pool.redis.ask("info", "commandstats");
  assertEquals([/cmdstat_unlink:calls=1,/.test(stats), /cmdstat_del:/.test(stats)], [true, false]);
  await until(
    "what it had is freed, in the background",
    async () => /lazyfreed_objects:[1-9]/.test(await pool.redis.ask("info", "memory")),
  );
});

test("one call promotes 500 at most, and says that there are more", async (pool) => {
  await pool.ask("hset", "", "b", "5000");
  const [gate, other] = [await pool.listeningGate(), await pool.listeningGate()];
  for (const each of [gate, other]) {
    await each.apply(Array.from({ length: 600 }, (_, n) => join(n + 1)));
  }
  const all = await gate.call("configure", { limits: { maxConnections: 5000 } });
  assertEquals([all.promotedCount, all.more, all.active], [500, true, 501]);
  const then = await other.call("renew", {});
  assertEquals([then.more, then.active], [true, 1001]);
  // One that comes now has older ones before it still.
  const last = await gate.apply([join(1000), join(1001)]);
  assertEquals([last.more, last.active, last.queued], [false, 1202, 0]);
  assertEquals((await gate.call("renew", {})).told + (await other.call("renew", {})).told, 1199);
});

test("tickets do not go back where the clock does, or other tickets are later", async (pool) => {
  const gate = await pool.listeningGate();
  await gate.attachAgain({ anew: true });
  const waiting = [{ ...claim(1), ticket: LATER_US }];
  await gate.call("register", { held: [claim(9)], waiting, paused: false, done: true });
  const results = (await gate.apply([join(2), join(3)])).results;
  assertEquals(results, [
    { kind: "queued", active: 1, queued: 2, ticket: LATER_US + 1 },
    { kind: "queued", active: 1, queued: 3, ticket: LATER_US + 2 },
  ]);
});

test("numbers of gates are not used again, also where the server has lost all", async (pool) => {
  const gate = await pool.gate();
  const before = gate.number;
  await pool.ask("del");
  await pool.ask("del", `:g:${before}`);
  // As if the server's clock were behind.
  gate.number = LATER_US;
  const { known, created, heldMs } = await gate.attachAgain();
  assertEquals([known, created, heldMs > 0, gate.number], [false, true, true, LATER_US + 1]);
});

test("a new pool lets nobody in for half a lease", async (pool) => {
  await pool.ask("del");
  const caller = await pool.open();
  const runId = caller.server!.runId;
  const attachment = { gate: undefined, name: "", runId, leaseMs: 1000, limits: LIMITS };
  const reply = await caller.call("attach", { ...attachment, anew: false });
  assertEquals([reply.created, reply.heldMs, reply.limits], [true, 500, LIMITS]);
  const other = await pool.listeningGate();
  assertEquals(await kinds(other, 1), ["queued"]);
  await pool.ask("hset", "", "hold", "1");
  assertEquals((await other.call("renew", {})).promoted, [1]);
});

test("limits of flags change what flags have set, not what an operator has", async (pool) => {
  const first = await pool.listeningGate({ limits: LIMITS });
  const byOperator = { maxConnections: 7, backlogSize: 8 };
  await first.call("configure", { limits: byOperator });
  const limitsOf = async (gate: RawGate) => (await gate.call("renew", {})).limits;
  assertEquals(await limitsOf(await pool.gate({ limits: LIMITS })), byOperator);
  assertEquals(await limitsOf(await pool.gate()), byOperator);
  const other = { ...LIMITS, backlogSize: 20 };
  assertEquals(await limitsOf(await pool.gate({ limits: other })), {
    ...byOperator,
    backlogSize: 20,
  });
  await until("all are told", () => first.caller.pushes.length > 0);
  assertEquals(first.caller.pushes.at(-1)?.limits.backlogSize, 20);
  await first.attachAgain({ limits: LIMITS });
  assertEquals((await limitsOf(first)).backlogSize, LIMITS.backlogSize);
});

test("limits and pauses are told to all gates", async (pool) => {
  const [gate, other] = [await pool.listeningGate(), await pool.listeningGate()];
  const largest = Number.MAX_SAFE_INTEGER;
  const limits = { maxConnections: largest, backlogSize: largest - 1 };
  assertEquals((await gate.call("configure", { limits })).limits, limits);
  await gate.call("pausePool", { paused: true });
  await gate.call("pausePool", { paused: true });
  await gate.call("pausePool", { paused: false });
  await until("all is told", () => other.caller.pushes.length === 3);
  assertEquals(other.caller.pushes.map(({ limits, paused }) => ({ limits, paused })), [
    { limits, paused: false },
    { limits, paused: true },
    { limits, paused: false },
  ]);
  assertEquals(gate.caller.pushes, []);
});

test("a check of our own is in no total, and lengthens the backlog meanwhile", async (pool) => {
  await pool.ask("hset", "", "b", "1");
  const gate = await pool.listeningGate();
  const check = { n: 1, uncounted: true };
  assertEquals((await gate.op({ kind: "join", ...check })).kind, "placed");
  assertEquals(await kinds(gate, 2, 3, 4), ["queued", "queued", "rejected"]);
  const { results: [left] } = await gate.apply([{ kind: "leave", ...check }]);
  assertEquals(left, { kind: "left", promoted: 2, active: 1, queued: 1 });
  const waiting = { n: 5, uncounted: true };
  assertEquals((await gate.op({ kind: "join", ...waiting })).kind, "queued");
  assertEquals(await kinds(gate, -2, -3), ["left", "left"]);
  assertEquals((await gate.attachAgain()).held, [5]);
  const { connectedTotal, queuedTotal, promotedTotal, rejectedTotal, disconnectedTotal } =
    await gate
      .apply([{ kind: "leave", ...waiting }]);
  assertEquals(
    { connectedTotal, queuedTotal, promotedTotal, rejectedTotal, disconnectedTotal },
    {
      ...{ connectedTotal: 0, queuedTotal: 2, promotedTotal: 2 },
      ...{ rejectedTotal: 1, disconnectedTotal: 2 },
    },
  );
  assertEquals(await pool.ask("hget", "", "u"), "0");
});

test("a check that is reaped with its gate lengthens the backlog no more", async (pool) => {
  const [gone, other] = [await pool.listeningGate(), await pool.listeningGate()];
  await gone.op({ kind: "join", n: 1, uncounted: true });
  await pool.ask("zincrby", ":leases", -LONG_LEASE_MS, `${gone.number}`);
  await other.call("renew", {});
  assertEquals(await pool.ask("hget", "", "u"), "0");
});

test("a check that was registered again leaves as it joined", async (pool) => {
  const gate = await pool.listeningGate();
  await gate.attachAgain({ anew: true });
  const held = [{ n: 1, uncounted: true }];
  const waiting = [{ n: 2, ticket: 2, uncounted: true }];
  await gate.call("register", { held, waiting, paused: false, done: true });
  assertEquals(await pool.ask("hget", "", "u"), "2");
  const { results, connectedTotal, queuedTotal, disconnectedTotal } = await gate.apply([
    { kind: "leave", n: 2, uncounted: true },
    { kind: "leave", n: 1, uncounted: true },
  ]);
  assertEquals(results.map(({ kind }) => kind), ["left", "left"]);
  assertEquals([connectedTotal, queuedTotal, disconnectedTotal], [0, 0, 0]);
  assertEquals(await pool.ask("hget", "", "u"), "0");
});

test("the totals add up where a gate that was reaped, or whose pool was lost, registers", async (pool) => {
  const [gate, other] = [await pool.listeningGate(), await pool.listeningGate()];
  await kinds(gate, 1, 2);
  const registration = {
    ...{ held: [claim(1)], waiting: [{ ...claim(2), ticket: 2 }], paused: false, done: true },
  };
  const joined = async () => {
    const { connectedTotal, queuedTotal, disconnectedTotal } = await other.call("renew", {});
    return connectedTotal + queuedTotal - disconnectedTotal;
  };
  await pool.ask("zincrby", ":leases", -LONG_LEASE_MS, `${gate.number}`);
  assertEquals(await joined(), 0);
  await gate.attachAgain();
  await gate.call("register", registration);
  assertEquals(await joined(), 2);
  await gate.attachAgain({ anew: true });
  await gate.call("register", registration);
  assertEquals(await joined(), 2);
  await pool.redis.ask("flushall");
  await gate.attachAgain();
  await gate.call("register", registration);
  await other.attachAgain();
  await other.call("register", { ...registration, held: [], waiting: [] });
  assertEquals(await joined(), 2);
  await kinds(gate, -2, -1);
  assertEquals(await joined(), 0);
});

test("all is counted again at an era", async (pool) => {
  const gate = await pool.listeningGate();
  await kinds(gate, 1, 2, 3);
  await pool.ask("hset", "", "a", "17", "q", "18", "u", "19");
  const { active, queued } = await gate.attachAgain({ runId: "another" });
  assertEquals([active, queued, await pool.ask("hget", "", "u")], [1, 2, "0"]);
});

test("a registration of 10,000 clients is one call, and what it exceeds stays", async (pool) => {
  const gate = await pool.listeningGate();
  await gate.attachAgain({ anew: true });
  const held = Array.from({ length: 10_000 }, (_, n) => claim(n + 1));
  const waiting = held.map(({ n }) => ({ ...claim(10_000 + n), ticket: n }));
  const { active, queued } = await gate.call("register", {
    ...{ held, waiting, paused: false, done: true },
  });
  assertEquals([active, queued], [10_000, 10_000]);
  assertEquals((await gate.attachAgain()).held.length, 10_000);
});

test("a gate that leaves takes its clients with it, and no key is left", async (pool) => {
  const [gate, other] = [await pool.listeningGate(), await pool.listeningGate()];
  await kinds(gate, 1, 2);
  await kinds(other, 1);
  const { active, queued, disconnectedTotal } = await gate.call("retire", {});
  assertEquals([active, queued, disconnectedTotal], [1, 0, 2]);
  await until("the other is told", () => pushed(other).length > 0);
  await kinds(other, -1);
  await other.call("retire", {});
  assertEquals(Object.keys(await pool.redis.members(pool.name)), [""]);
  assertEquals(await pool.ask("hmget", "", "a", "q"), "0\n0");
});

Deno.test("poolKey: has all keys of a pool in one slot of Redis Cluster", () => {
  assertEquals(poolKey("a"), "{poolgate:a}");
});

Deno.test("SCRIPTS: an answer that is none is a fault, not a reply", () => {
  assertThrows(() => SCRIPTS.renew.decode(-7), Error, "BUG: a script has answered -7");
  assertThrows(() => SCRIPTS.renew.decode([1, 2]), Error, "BUG:");
  assertThrows(() => SCRIPTS.attach.decode(-1), Error, "BUG: attach has answered -1");
});
