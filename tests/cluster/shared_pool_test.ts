/** What a gate makes of what the server says, in whatever order and however late that comes. */

import { assertEquals, assertMatch } from "@std/assert";
import {
  ANSWER_PART,
  RECONNECT_MAX_MS,
  RECONNECT_MIN_MS,
  REFUSED_RETRY_MS,
} from "../../lib/cluster/enrolment.ts";
import { MAX_BATCH } from "../../lib/cluster/outbox.ts";
import type { CallName, Op } from "../../lib/cluster/link.ts";
import { AWAY_PART } from "../../lib/cluster/shared_pool.ts";
import type { Note } from "../../lib/io/log.ts";
import { whenKnown } from "../../lib/pool/later.ts";
import { type LabGate, LEASE_MS, SharedLab, WAY_MS } from "../support/shared_lab.ts";

const ANSWER_MS = ANSWER_PART * LEASE_MS;

/** One place, which a client of the gate `a` has; one of `b` waits. */
function newLab(settings = {}) {
  const lab = new SharedLab();
  const [a, b] = [lab.gate("a", settings), lab.gate("b", settings)];
  const holder = a.connect("holder");
  lab.settle();
  const waiter = b.connect("waiter");
  lab.settle();
  assertEquals([holder.state, waiter.state], ["connected", "queued"]);
  return { lab, a, b, holder, waiter };
}

/** What the server has, once all messages have arrived. */
function contents(lab: SharedLab) {
  lab.settle();
  return lab.server.contents;
}

function known<T>(value: T | { whenKnown(action: (value: T) => void): void }): T | undefined {
  let result: T | undefined;
  // deno-lint-ignore no-explicit-any
  whenKnown(value as any, (known: any) => result = known);
  return result;
}

Deno.test("SharedPool.connect: a client is placed, queued or rejected as the server says", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a", { defaults: { maxConnections: 1, backlogSize: 1 } });
  const clients = ["one", "two", "three"].map((id) => gate.connect(id));
  assertEquals(gate.states(...clients), "asking asking asking");
  lab.settle();
  assertEquals(gate.heard, ["one connected", "two queued", "three rejected backlog_full"]);
  assertEquals(clients.map(({ active, queued }) => [active, queued]), [[1, 0], [1, 1], [1, 1]]);
  assertEquals(gate.pool.own, { active: 1, queued: 1 });
  const { connectedTotal, queuedTotal, rejectedTotal } = gate.pool.stats();
  assertEquals([connectedTotal, queuedTotal, rejectedTotal], [1, 1, 1]);
});

Deno.test("SharedPool.leave: the next one is let in, at whatever gate it waits", () => {
  const { lab, a, b, holder, waiter } = newLab();
  a.leave(holder);
  lab.settle();
  assertEquals([waiter.state, b.heard], ["connected", ["waiter queued", "waiter connected"]]);
  assertEquals(lab.server.contents, {
    a: { held: [], waiting: [] },
    b: { held: [1], waiting: [] },
  });
});

Deno.test("SharedPool: a push that overtakes the answer to the join is no news once that comes", () => {
  const { lab, a, b, holder, waiter } = newLab();
  b.leave(waiter);
  lab.settle();
  const late = b.connect("late");
  b.link.delayMs = () => 10;
  lab.clock.advance(0);
  lab.clock.advance(12); // it is queued at the server, and the answer is on its way
  a.link.delayMs = () => 0;
  a.leave(holder);
  lab.clock.advance(2);
  assertEquals(late.state, "connected");
  lab.clock.advance(20);
  assertEquals(b.heard.filter((line) => line.startsWith("late")), ["late connected"]);
  lab.clock.advance(3 * LEASE_MS);
  assertEquals(b.calls("attach").length, 1, "it has not attached again");
  assertEquals(contents(lab).b, { held: [2], waiting: [] });
});

Deno.test("SharedPool: a push that is lost is missed at the next renewal, and made good", () => {
  const { lab, a, b, holder, waiter } = newLab();
  b.link.pushFault = () => "lost";
  a.leave(holder);
  lab.settle();
  assertEquals(waiter.state, "queued");
  lab.clock.advance(LEASE_MS / 3 + 4 * WAY_MS);
  assertEquals(waiter.state, "connected");
  assertEquals(b.pool.describe().cluster?.resyncs, { fenced: 0, empty: 0, behind: 0 });
  lab.clock.advance(2 * LEASE_MS);
  assertEquals([b.calls("attach").length, b.link.listens.length], [2, 1]);
});

Deno.test("SharedPool: a push that comes twice is heard once, and hides no lost one", () => {
  const { lab, a, b, holder, waiter } = newLab();
  b.link.pushFault = () => "twice";
  a.leave(holder);
  lab.settle();
  assertEquals(b.heard, ["waiter queued", "waiter connected"]);
  assertEquals(b.calls("apply").length, 1, "nothing more was said of it");
  const next = b.connect("next");
  lab.settle();
  b.link.pushFault = () => "lost";
  a.pool.configure({ maxConnections: 2 }, 0);
  lab.settle();
  assertEquals([waiter.state, next.state], ["connected", "queued"]);
  lab.clock.advance(LEASE_MS / 3 + 4 * WAY_MS);
  assertEquals(next.state, "connected");
});

Deno.test("SharedPool: a push for a client that has left is answered by a leave", () => {
  const { lab, b, waiter } = newLab();
  b.leave(waiter);
  lab.settle();
  const listener = lab.server.listeners.get(b.link.listens[0]!)!;
  const { limits } = lab.server;
  listener({ limits, paused: false, active: 1, queued: 0, told: 1, promoted: [1] });
  lab.settle();
  const ops = b.calls("apply").flatMap(({ ops }) => ops);
  const leave = { kind: "leave", n: 1, uncounted: false } as const;
  assertEquals(ops, [{ kind: "join", n: 1, uncounted: false }, leave, leave]);
});

Deno.test("SharedPool: a client that leaves while its promotion is on its way leaves once", () => {
  const { lab, a, b, holder, waiter } = newLab();
  b.link.pushDelayMs = () => WAY_MS;
  a.leave(holder);
  lab.clock.advance(WAY_MS + 1);
  b.leave(waiter);
  lab.settle();
  assertEquals(b.calls("apply").flatMap(({ ops }) => ops).length, 2);
  assertEquals(contents(lab).b, { held: [], waiting: [] });
});

/** Two of `b` wait; it has missed a push, and attaches again: that is on its way back. */
function newAttachment(executed: (lab: ReturnType<typeof newLab>) => void) {
  const given = newLab();
  const { lab, a, b, holder } = given;
  const next = b.connect("next");
  lab.settle();
  b.link.pushFault = () => "lost";
  a.leave(holder);
  lab.settle();
  b.link.pushFault = () => undefined;
  const { call } = lab.server;
  lab.server.call = function (name, args) {
    const reply = call.call(this, name, args) as ReturnType<typeof call>;
    if (name === "attach") executed(given);
    // deno-lint-ignore no-explicit-any
    return reply as any;
  };
  return { ...given, next };
}

Deno.test("SharedPool: a push that overtakes the answer to an attachment is heard behind it", () => {
  const { lab, b, waiter, next } = newAttachment(({ a }) => {
    a.link.delayMs = () => 0;
    a.pool.configure({ maxConnections: 2 }, 0);
  });
  lab.clock.advance(LEASE_MS / 3 + 4 * WAY_MS);
  assertEquals(b.states(waiter, next), "connected connected");
  assertEquals(b.calls("attach").length, 2);
  lab.clock.advance(LEASE_MS);
  assertEquals(b.calls("attach").length, 2);
});

Deno.test("SharedPool: a push to a gate that was taken for dead since lets nobody in, ever", () => {
  const given = newLab();
  const { lab, a, b, holder, waiter } = given;
  const other = a.connect("other");
  lab.settle();
  const next = b.connect("next");
  lab.settle();
  b.link.pushFault = () => "lost";
  a.leave(holder);
  lab.settle();
  b.link.pushFault = () => undefined;
  assertEquals([waiter.state, other.state], ["queued", "queued"]);
  // Behind the attachment, but before it arrives: the next one is promoted, the gate is taken for
  // dead, and the only place is another's.
  const gate = a.link.listens[0]!;
  b.spoil("attach", () => {
    lab.server.call("configure", { gate, limits: { maxConnections: 3 } });
    lab.server.reap("b");
    lab.server.call("configure", { gate, limits: { maxConnections: 1 } });
  });
  lab.clock.advance(LEASE_MS / 3 + 4 * WAY_MS);
  assertEquals(b.pool.describe().cluster?.resyncs.fenced, 1);
  assertEquals(b.states(waiter, next), "queued queued");
  b.link.break();
  lab.clock.advance(LEASE_MS);
  assertEquals([b.states(waiter, next), other.state], ["queued queued", "connected"]);
  assertEquals(lab.server.contents.b, { held: [], waiting: [1, 2] });
});

Deno.test("SharedPool: a rejection is counted once, whatever becomes of the batch that told of it", () => {
  for (const fault of ["lost", "answer lost"] as const) {
    const lab = new SharedLab();
    const gate = lab.gate("a");
    gate.spoil("apply", fault);
    gate.pool.reject("one", "per_source", 0);
    lab.clock.advance(ANSWER_MS + RECONNECT_MAX_MS + LEASE_MS);
    assertEquals(gate.pool.stats().rejectedTotal, 1, fault);
  }
});

for (const fault of ["lost", "answer lost"] as const) {
  Deno.test(`SharedPool: a join is asked again, and counted once, where the call is ${fault}`, () => {
    const lab = new SharedLab();
    const gate = lab.gate("a");
    gate.spoil("apply", fault);
    const client = gate.connect("one");
    lab.settle();
    assertEquals(client.state, "asking");
    lab.clock.advance(ANSWER_MS + RECONNECT_MAX_MS + 20 * WAY_MS);
    assertEquals(client.state, "connected");
    assertEquals(gate.calls("apply").map(({ batch, replay }) => [batch, replay]), [
      [1, false],
      [2, true],
    ]);
    assertEquals(contents(lab), { a: { held: [1], waiting: [] } });
    assertEquals(gate.pool.stats().connectedTotal, 1);
  });

  Deno.test(`SharedPool: a leave is asked again where the call is ${fault}`, () => {
    const lab = new SharedLab();
    const gate = lab.gate("a");
    const client = gate.connect("one");
    lab.settle();
    gate.spoil("apply", fault);
    gate.leave(client);
    lab.clock.advance(ANSWER_MS + RECONNECT_MAX_MS + 20 * WAY_MS);
    assertEquals(contents(lab), { a: { held: [], waiting: [] } });
  });

  Deno.test(`SharedPool: a client that leaves while its join travels leaves nothing behind, the join ${fault}`, () => {
    const lab = new SharedLab();
    const gate = lab.gate("a");
    gate.spoil("apply", fault);
    const client = gate.connect("one");
    lab.settle();
    gate.leave(client);
    gate.link.break();
    lab.clock.advance(RECONNECT_MAX_MS + 20 * WAY_MS);
    assertEquals(contents(lab), { a: { held: [], waiting: [] } });
    assertEquals(gate.heard, []);
  });
}

Deno.test("SharedPool.leave: of a join that has never gone out, the server hears nothing", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a");
  gate.leave(gate.connect("one"));
  lab.settle();
  assertEquals(gate.calls("apply"), []);
});

Deno.test("SharedPool.leave: while the answer is on its way, the place goes back", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a");
  const client = gate.connect("one");
  lab.clock.advance(3 * WAY_MS / 2);
  gate.leave(client);
  assertEquals([client.state, gate.pool.find("one")], ["left", undefined]);
  assertEquals(contents(lab), { a: { held: [], waiting: [] } });
  assertEquals(gate.heard, []);
});

Deno.test("SharedPool: what comes while a batch is under way goes in the next one", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a", { defaults: { maxConnections: 1000, backlogSize: 0 } });
  gate.connect("first");
  lab.clock.advance(0);
  for (let n = 0; n < MAX_BATCH + 10; n++) {
    gate.connect(`${n}`);
    lab.clock.advance(0);
  }
  const sizes = () => gate.calls("apply").map(({ ops }) => ops.length);
  assertEquals(sizes(), [1]);
  lab.settle();
  assertEquals(sizes(), [1, MAX_BATCH, 10]);
  assertEquals(gate.pool.own.active, MAX_BATCH + 11);
});

Deno.test("SharedPool: what comes in one turn goes out at its end, in one batch", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a");
  for (let n = 0; n < 5; n++) gate.connect(`${n}`);
  assertEquals(gate.calls("apply").length, 0);
  lab.clock.advance(0);
  assertEquals(gate.calls("apply").map(({ ops }) => ops.length), [5]);
});

Deno.test("SharedPool: the lease is renewed after 0.28 to 0.33 of it", () => {
  for (const [random, ms] of [[0, 0.28 * LEASE_MS], [0.999, 0.33 * LEASE_MS]] as const) {
    const lab = new SharedLab();
    const gate = lab.gate("a", { random: () => random });
    const renewals = () => gate.calls("renew").length;
    const before = renewals();
    lab.clock.advance(ms - 10 * WAY_MS);
    assertEquals(renewals(), before);
    lab.clock.advance(10 * WAY_MS + 1);
    assertEquals(renewals(), before + 1);
  }
});

Deno.test("SharedPool: where a renewal is not answered in a quarter of the lease, it connects anew", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a");
  gate.spoil("renew", "lost");
  lab.clock.advance(LEASE_MS / 3 + ANSWER_MS);
  assertEquals(gate.notes.filter((note) => note.startsWith("warn")), [
    "warn: Redis is away, nobody is let in until it is back: no answer within 2500 ms",
  ]);
  lab.clock.advance(RECONNECT_MAX_MS + 20 * WAY_MS);
  assertMatch(gate.notes.at(-1)!, /^info: Redis is back after \d\.\d s: 0 places, 0 waiting$/);
  assertEquals(gate.pool.describe().cluster?.leaseLostTotal, 0);
});

Deno.test("SharedPool: it connects again after 50 to 250 ms, for as long as that fails", () => {
  for (const [random, ms] of [[0, RECONNECT_MIN_MS], [1, RECONNECT_MAX_MS]] as const) {
    const lab = new SharedLab();
    const gate = lab.gate("a", { random: () => random });
    gate.link.closed = true;
    gate.link.break();
    for (let time = 1; time <= 3; time++) {
      assertEquals(gate.link.opened, time);
      lab.clock.advance(ms - 1);
      assertEquals(gate.link.opened, time);
      lab.clock.advance(1 + WAY_MS);
    }
    assertEquals(gate.notes.filter((note) => note.startsWith("warn")).length, 1);
  }
});

/** A gate is stopped for longer than it may count on its lease, and less than the server does. */
const BETWEEN_MS = 0.95 * LEASE_MS;

Deno.test("SharedPool: a place that is given while the lease is over is taken once that is renewed", () => {
  const { lab, a, b, holder, waiter } = newLab();
  b.clock.stop();
  lab.clock.advance(0.6 * LEASE_MS);
  a.leave(holder);
  lab.clock.advance(BETWEEN_MS - 0.6 * LEASE_MS);
  b.clock.goOn();
  assertEquals([waiter.state, b.pool.describe().cluster?.leaseValid], ["queued", false]);
  lab.settle();
  assertEquals([waiter.state, b.pool.describe().cluster?.leaseValid], ["connected", true]);
  assertEquals(b.pool.describe().cluster?.resyncs.fenced, 0);
});

Deno.test("SharedPool: a place that is given under a lease that ends on the way is kept aside", () => {
  const lab = new SharedLab();
  const [a] = [lab.gate("a"), lab.gate("b")];
  const client = a.connect("one");
  lab.clock.advance(WAY_MS + 1); // it has its place, and the answer is on its way
  a.clock.stop();
  lab.clock.advance(BETWEEN_MS - WAY_MS);
  a.clock.goOn();
  assertEquals(client.state, "asking");
  lab.settle();
  assertEquals(client.state, "connected");
  assertEquals(lab.server.contents.a, { held: [1], waiting: [] });
});

Deno.test("SharedPool: a renewal that is answered after the end of the lease confirms nothing", () => {
  const due = (() => {
    const lab = new SharedLab();
    const gate = lab.gate("a");
    lab.gate("b");
    const start = lab.clock.now();
    while (gate.calls("renew").length < 2) lab.clock.advance(1);
    return lab.clock.now() - start;
  })();
  const lab = new SharedLab();
  const [a, b] = [lab.gate("a"), lab.gate("b")];
  lab.clock.advance(due - 1);
  const client = a.connect("one");
  lab.clock.advance(1);
  assertEquals(a.link.calls.slice(-2).map(({ name }) => name), ["apply", "renew"]);
  lab.clock.advance(WAY_MS);
  a.clock.stop();
  const other = b.connect("other");
  lab.clock.advance(1.5 * LEASE_MS);
  a.clock.goOn();
  assertEquals([client.state, other.state], ["asking", "connected"]);
  lab.settle();
  assertEquals([client.state, other.state], ["queued", "connected"]);
});

Deno.test("SharedPool: a promotion that was kept aside, and that the server has lost, is not taken", () => {
  const { lab, a, b, holder, waiter } = newLab();
  b.clock.stop();
  lab.clock.advance(0.6 * LEASE_MS);
  a.leave(holder);
  lab.clock.advance(BETWEEN_MS - 0.6 * LEASE_MS);
  b.clock.goOn();
  lab.server.forgetCalls(4);
  assertEquals(lab.server.contents.b, { held: [], waiting: [1] });
  const { limits } = lab.server;
  lab.server.call("configure", { gate: a.link.listens[0]!, limits: { maxConnections: 0 } });
  for (const gate of [a, b]) gate.link.break();
  lab.clock.advance(LEASE_MS);
  assertEquals([waiter.state, limits.maxConnections], ["queued", 1]);
  assertEquals(lab.server.contents.b, { held: [], waiting: [1] });
});

Deno.test("SharedPool: a place that was given, and not taken, is asked for anew where the gate was taken for dead", () => {
  const lab = new SharedLab();
  const [a, b] = [lab.gate("a"), lab.gate("b")];
  const client = a.connect("one");
  lab.clock.advance(WAY_MS + 1);
  a.clock.stop();
  const other = b.connect("other");
  lab.clock.advance(1.5 * LEASE_MS);
  assertEquals(other.state, "connected");
  a.clock.goOn();
  lab.settle();
  assertEquals(client.state, "queued");
  assertEquals(a.pool.describe().cluster?.resyncs.fenced, 1);
  assertEquals(a.calls("register").map(({ held, waiting }) => [held, waiting]), [[[], []]]);
  b.leave(other);
  lab.settle();
  assertEquals([client.state, lab.server.contents.a?.held], ["connected", [1]]);
});

Deno.test("SharedPool: a promotion that comes too late is nobody's, and the client keeps its turn", () => {
  const { lab, a, b, holder, waiter } = newLab();
  const next = a.connect("next");
  lab.settle();
  b.clock.stop();
  lab.clock.advance(0.6 * LEASE_MS);
  a.leave(holder); // the place is the waiter's, until its gate is taken for dead
  lab.clock.advance(LEASE_MS);
  assertEquals(next.state, "connected");
  b.clock.goOn();
  lab.settle();
  assertEquals(waiter.state, "queued");
  const last = a.connect("last");
  lab.settle();
  a.leave(next);
  lab.settle();
  assertEquals([waiter.state, last.state], ["connected", "queued"]);
});

/** What a gate is asked for that has a client with a place, one that waits, and one that asks. */
const POINTS: [CallName, (gate: LabGate) => void][] = [
  ["apply", (gate) => void gate.connect("asking")],
  ["renew", () => {}],
  ["pauseGate", (gate) => void gate.pool.pause("upstream_down")],
  ["pausePool", (gate) => void gate.pool.pause("paused")],
  ["configure", (gate) => void gate.pool.configure({ backlogSize: 8 }, 0)],
];

for (const [name, act] of POINTS) {
  for (const fate of ["dead", "empty"] as const) {
    Deno.test(`SharedPool: where ${name} finds ${fate === "dead" ? "the gate" : "the pool"} gone, all is registered anew`, () => {
      const { lab, a, b, holder, waiter } = newLab();
      const own = b.connect("own");
      lab.settle();
      lab.server.graceful = true;
      const lose = () => fate === "dead" ? lab.server.reap("b") : lab.server.forgetAll();
      b.spoil(name, lose);
      act(b);
      lab.clock.advance(1.5 * LEASE_MS);
      lab.settle();
      const waiting = name === "apply" ? [1, 2, 3] : [1, 2];
      assertEquals(lab.server.contents.b?.waiting, waiting);
      assertEquals(lab.server.contents.a, { held: [1], waiting: [] });
      assertEquals(b.states(holder, waiter, own), "connected queued queued");
      const { resyncs } = b.pool.describe().cluster!;
      assertEquals(resyncs.fenced + resyncs.empty, 1);
      if (name === "pausePool") a.pool.resume("paused", 0);
      if (name === "pauseGate") b.pool.resume("upstream_down", 0);
      lab.settle();
      a.leave(holder);
      lab.settle();
      assertEquals(b.states(waiter, own), "connected queued");
    });
  }
}

Deno.test("SharedPool: a gate that has registered is found again at the next connection", () => {
  const { lab, b } = newLab();
  lab.server.reap("b");
  lab.clock.advance(LEASE_MS / 2);
  b.link.break();
  lab.clock.advance(LEASE_MS / 2);
  assertEquals(b.pool.describe().cluster?.resyncs, { fenced: 1, empty: 0, behind: 0 });
});

Deno.test("SharedPool: a gate that lets nobody in registers that, too", () => {
  const { lab, b } = newLab();
  b.pool.pause("upstream_down");
  lab.settle();
  lab.server.reap("b");
  lab.clock.advance(LEASE_MS / 2);
  assertEquals(b.calls("register").map(({ paused }) => paused), [true]);
});

Deno.test("SharedPool: what is registered keeps its tickets, so that the order over gates stays", () => {
  const lab = new SharedLab();
  const [a, b] = [lab.gate("a"), lab.gate("b")];
  const holder = a.connect("holder");
  lab.settle();
  const waiting = [a, b, a, b].map((gate, i) => {
    const client = gate.connect(`${i}`);
    lab.settle();
    return { gate, client };
  });
  lab.server.graceful = true;
  lab.server.forgetAll();
  lab.clock.advance(LEASE_MS);
  const places = [{ gate: a, client: holder }, ...waiting];
  for (const [i, { gate, client }] of places.entries()) {
    const connected = places.filter(({ client }) => client.state === "connected");
    assertEquals(connected.map(({ client: { id } }) => id), [client.id], `round ${i}`);
    gate.leave(client);
    lab.settle();
  }
});

Deno.test("SharedPool: an early timer does not keep the lease from ending", () => {
  for (const earlyMs of [0, 1, 2]) {
    const { lab, a, holder } = newLab({ lost: "cut" });
    lab.clock.earlyMs = earlyMs;
    a.link.partition();
    const last = a.calls("renew").length;
    lab.clock.advance(0.9 * LEASE_MS);
    assertEquals([holder.state, holder.reason], ["left", "cluster_lost"], `${earlyMs} ms early`);
    assertEquals(last > 0, true);
  }
});

Deno.test("SharedPool: on hold, those with a place keep it when the lease is lost", () => {
  const { lab, a, holder } = newLab();
  a.link.partition();
  lab.clock.advance(2 * LEASE_MS);
  assertEquals(holder.state, "connected");
  assertEquals(
    a.notes.at(-1),
    "warn: the lease is lost, nobody is let in: 1 client keeps its place",
  );
  const { leaseValid, leaseLostTotal } = a.pool.describe().cluster!;
  assertEquals([leaseValid, leaseLostTotal], [false, 1]);
  a.link.heal();
  lab.clock.advance(RECONNECT_MAX_MS + ANSWER_MS);
  assertEquals(a.notes.filter((note) => note.includes("registered")), [
    "warn: other gates had taken this one for dead: registered anew, 1 place, 0 waiting",
  ]);
  assertEquals(contents(lab).a, { held: [1], waiting: [] });
});

Deno.test("SharedPool: on cut, those with a place are evicted at 0.9 of the lease, before others get their places", () => {
  const { lab, a, b, holder, waiter } = newLab({ lost: "cut" });
  a.link.partition();
  const start = lab.clock.now();
  let cutAt = Infinity;
  let givenAt = Infinity;
  while (lab.clock.now() < start + 1.5 * LEASE_MS) {
    lab.clock.advance(10);
    if (holder.state === "left") cutAt = Math.min(cutAt, lab.clock.now());
    if (waiter.state === "connected") givenAt = Math.min(givenAt, lab.clock.now());
  }
  assertEquals(cutAt < givenAt && givenAt < Infinity, true, `cut ${cutAt}, given ${givenAt}`);
  assertEquals(a.heard.at(-1), "holder left cluster_lost");
  assertEquals(a.notes.filter((note) => note.includes("cut")), [
    "warn: the lease is lost, nobody is let in: cut 1 client",
  ]);
  assertEquals(b.notes.filter((note) => note.includes("reaped")), [
    'warn: the gate "a" is gone, reaped: 1 place, 0 waiting',
  ]);
});

Deno.test("SharedPool: on cut, one that leaves later is told to, also where it leaves already", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a", { lost: "cut", defaults: { maxConnections: 2, backlogSize: 0 } });
  const clients = ["one", "two"].map((id) => gate.connect(id, { leavesLater: true }));
  lab.settle();
  gate.pool.disconnect("two", 0);
  gate.link.partition();
  lab.clock.advance(LEASE_MS);
  assertEquals(gate.heard.slice(2), [
    "two connected evicted",
    "one connected cluster_lost",
    "two connected cluster_lost",
  ]);
  for (const client of clients) gate.leave(client);
  assertEquals(gate.pool.own, { active: 0, queued: 0 });
});

Deno.test("SharedPool: a promotion that the server has lost, though nothing of the gate's own, is registered", () => {
  const { lab, a, b, holder, waiter } = newLab();
  a.leave(holder);
  lab.settle();
  assertEquals(waiter.state, "connected");
  lab.server.forgetCalls(1);
  a.link.break();
  b.link.break();
  lab.clock.advance(RECONNECT_MAX_MS + 20 * WAY_MS);
  assertEquals(b.pool.describe().cluster?.resyncs.behind, 1);
  assertEquals(b.notes.filter((note) => note.includes("registered")), [
    "warn: Redis had lost its last changes: registered anew, 1 place, 0 waiting",
  ]);
  assertEquals(contents(lab).b, { held: [1], waiting: [] });
  assertEquals(waiter.state, "connected");
});

Deno.test("SharedPool: a place that the server does not have is registered", () => {
  const { lab, a, holder } = newLab();
  lab.server.lose("a", 1);
  a.link.break();
  lab.clock.advance(RECONNECT_MAX_MS + 20 * WAY_MS);
  assertEquals(a.pool.describe().cluster?.resyncs.behind, 1);
  assertEquals([holder.state, contents(lab).a], ["connected", { held: [1], waiting: [] }]);
});

Deno.test("SharedPool: batches that the server has lost are noticed, and what they did is registered", () => {
  const { lab, b, waiter } = newLab();
  const lost = b.connect("lost");
  lab.settle();
  lab.server.forgetCalls(1);
  b.link.break();
  lab.clock.advance(RECONNECT_MAX_MS + 20 * WAY_MS);
  assertEquals(b.pool.describe().cluster?.resyncs.behind, 1);
  assertEquals(contents(lab).b, { held: [], waiting: [1, 2] });
  assertEquals(b.states(waiter, lost), "queued queued");
});

Deno.test("SharedPool: batches that the server has lost are noticed at the next one, without a new connection", () => {
  const { lab, b, waiter } = newLab();
  const lost = b.connect("lost");
  lab.settle();
  lab.server.goBack(1);
  const next = b.connect("next");
  lab.settle();
  assertEquals([b.link.opened, b.pool.describe().cluster?.resyncs.behind], [1, 1]);
  assertEquals(contents(lab).b, { held: [], waiting: [1, 2, 3] });
  assertEquals(b.states(waiter, lost, next), "queued queued queued");
});

Deno.test("SharedPool: a batch that is carried out behind later calls is answered all the same", () => {
  const { lab, a, b, holder, waiter } = newLab();
  const own = a.connect("own");
  lab.settle();
  a.link.callFault = (name) => name === "apply" ? "sent again" : undefined;
  a.leave(holder);
  lab.clock.advance(0);
  // Meanwhile, another one is let in, and the lease is renewed.
  b.pool.configure({ maxConnections: 3 }, 0);
  lab.clock.advance(LEASE_MS / 2);
  assertEquals(a.pool.describe().cluster?.resyncs, { fenced: 0, empty: 0, behind: 0 });
  assertEquals([a.states(own), b.states(waiter)], ["connected", "connected"]);
  assertEquals(contents(lab), { a: { held: [2], waiting: [] }, b: { held: [1], waiting: [] } });
});

Deno.test("SharedPool: a batch that comes late, over a connection long given up, puts nobody back", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a");
  const client = gate.connect("one");
  lab.clock.advance(0);
  gate.link.strand();
  lab.clock.advance(ANSWER_MS + RECONNECT_MAX_MS + 20 * WAY_MS);
  assertEquals(client.state, "connected");
  gate.leave(client);
  assertEquals(contents(lab), { a: { held: [], waiting: [] } });
  gate.link.release();
  assertEquals(contents(lab), { a: { held: [], waiting: [] } });
});

Deno.test("SharedPool: a registration that was broken off is begun anew, under a new number", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a", { defaults: { maxConnections: 1500, backlogSize: 5000 } });
  for (let n = 0; n < 3500; n++) gate.connect(`${n}`);
  lab.clock.advance(200);
  assertEquals(gate.pool.own, { active: 1500, queued: 2000 });
  let chunks = 0;
  gate.link.callFault = (name) => {
    if (name !== "register" || ++chunks !== 3) return undefined;
    gate.link.break();
    return "lost";
  };
  lab.server.forgetAll();
  lab.clock.advance(LEASE_MS);
  const calls = gate.calls("register");
  const sizes = calls.map(({ held, waiting, done }) => [held.length, waiting.length, done]);
  const all = [[1000, 0, false], [500, 500, false], [0, 1000, false], [0, 500, true]];
  assertEquals(sizes, [...all.slice(0, 3), ...all]);
  assertEquals(new Set(calls.map(({ gate }) => gate)).size, 2);
  assertEquals(gate.calls("attach").map(({ anew }) => anew), [false, false, true]);
  const { held, waiting } = lab.server.contents.a!;
  assertEquals([held.length, waiting.length], [1500, 2000]);
  assertEquals(gate.notes.filter((note) => note.includes("registered")).length, 1);
});

Deno.test("SharedPool: a gate that is gone is reaped in time, though nothing else happens", () => {
  const { lab, a, waiter } = newLab();
  const died = lab.clock.now();
  a.link.partition();
  a.link.closed = true;
  while (waiter.state !== "connected" && lab.clock.now() < died + 2 * LEASE_MS) {
    lab.clock.advance(5);
  }
  const took = lab.clock.now() - died;
  assertEquals(took <= LEASE_MS + 100, true, `it took ${took} ms`);
});

Deno.test("SharedPool: where one call may not promote all, the next one follows at once", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a", { defaults: { maxConnections: 0, backlogSize: 5000 } });
  for (let n = 0; n < 1200; n++) gate.connect(`${n}`);
  lab.clock.advance(100);
  gate.pool.configure({ maxConnections: 1200 }, 0);
  lab.clock.advance(20 * WAY_MS);
  assertEquals(gate.pool.own, { active: 1200, queued: 0 });
});

Deno.test("SharedPool: a new pool lets nobody in for half a lease, and says so", () => {
  const lab = new SharedLab();
  lab.server.graceful = true;
  const gate = lab.gate("a");
  const client = gate.connect("one");
  lab.settle();
  assertEquals([client.state, gate.pool.hasRoom], ["queued", false]);
  assertEquals(gate.notes, [
    "info: the pool is new: nobody is let in for 5 s, other gates may hold places",
  ]);
  lab.clock.advance(LEASE_MS / 2);
  assertEquals(client.state, "connected");
});

Deno.test("SharedPool: limits are those of the flags; without flags, those there are, or the defaults", () => {
  const lab = new SharedLab();
  const [few, many] = [{ maxConnections: 3, backlogSize: 4 }, {
    maxConnections: 7,
    backlogSize: 8,
  }];
  const a = lab.gate("a", { defaults: few });
  assertEquals(lab.server.limits, few);
  const b = lab.gate("b", { defaults: many });
  assertEquals([b.pool.limits, lab.server.limits], [few, few]);
  const c = lab.gate("c", { limits: many });
  assertEquals([lab.server.limits, c.pool.limits, a.pool.limits], [many, many, many]);
});

Deno.test("SharedPool: limits that were set since outlive the loss of the pool", () => {
  const { lab, a } = newLab();
  a.pool.configure({ maxConnections: 5, backlogSize: 6 }, 0);
  lab.settle();
  lab.server.forgetAll();
  lab.clock.advance(LEASE_MS);
  assertEquals(lab.server.limits, { maxConnections: 5, backlogSize: 6 });
});

Deno.test("SharedPool: observers are told what another gate has set, once", () => {
  const { lab, a, b } = newLab();
  const told: unknown[] = [];
  b.pool.observe({
    configured: (_, { maxConnections }) => told.push(maxConnections),
    paused: (paused) => told.push(paused),
  });
  a.pool.configure({ maxConnections: 0 }, 0);
  lab.settle();
  const paused = a.pool.pause("paused");
  // An answer that was sent before the push, and comes behind it.
  b.link.delayMs = () => 3 * WAY_MS;
  b.connect("another");
  lab.settle();
  a.pool.resume("paused", 0);
  lab.settle();
  assertEquals(told, [0, true, false]);
  assertEquals(known(paused), { active: 1, queued: 1, promoted: 0 });
});

Deno.test("SharedPool: an answer that a push has overtaken does not seem to change the limits back", () => {
  const { lab, a, b } = newLab();
  const told: number[] = [];
  b.pool.observe({ configured: (_, { maxConnections }) => told.push(maxConnections) });
  b.link.delayMs = () => 10;
  b.connect("another");
  lab.clock.advance(9);
  a.pool.configure({ maxConnections: 0 }, 0);
  lab.settle();
  lab.settle();
  assertEquals(told, [0]);
});

Deno.test("SharedPool: where such an answer tells something new, it is asked again at once", () => {
  const { lab, a, b, waiter } = newLab();
  b.link.delayMs = () => 10;
  b.connect("another");
  a.pool.configure({ maxConnections: 2 }, 0);
  lab.clock.advance(WAY_MS);
  assertEquals(waiter.state, "connected");
  b.link.pushFault = () => "lost";
  a.pool.configure({ backlogSize: 99 }, 0);
  lab.clock.advance(20);
  assertEquals(b.pool.limits.backlogSize, 9);
  lab.clock.advance(20);
  assertEquals(b.pool.limits.backlogSize, 99);
});

Deno.test("SharedPool.configure, resume: say how many were let in at all gates", () => {
  const { lab, a } = newLab();
  const done = a.pool.configure({ maxConnections: 2 }, 0);
  assertEquals(known(done), undefined);
  lab.settle();
  assertEquals(known(done), { promoted: 1, active: 2, queued: 0 });
  a.pool.pause("paused");
  const resumed = a.pool.resume("paused", 0);
  lab.settle();
  assertEquals(known(resumed), { promoted: 0, active: 2, queued: 0 });
});

Deno.test("SharedPool.pause: for the upstream is the gate's own; its clients keep their turn", () => {
  const { lab, a, b, holder, waiter } = newLab();
  b.pool.pause("upstream_down");
  const next = a.connect("next");
  lab.settle();
  a.leave(holder);
  lab.settle();
  assertEquals([waiter.state, next.state], ["queued", "connected"]);
  assertEquals([a.pool.paused, b.pool.paused, b.pool.hasRoom], [false, false, false]);
  assertEquals(
    [...b.pool.describe().gates, ...a.pool.describe().gates].every(({ name }) =>
      "ab".includes(name)
    ),
    true,
  );
  const last = a.connect("last");
  b.pool.resume("upstream_down", 0);
  lab.settle();
  a.leave(next);
  lab.settle();
  assertEquals([waiter.state, last.state], ["connected", "queued"]);
});

Deno.test("SharedPool.pause: of several for the upstream that could not go out, the last one counts", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a");
  gate.link.break();
  const answers = [
    gate.pool.pause("upstream_down"),
    gate.pool.resume("upstream_down", 0),
    gate.pool.pause("upstream_down"),
  ];
  lab.clock.advance(RECONNECT_MAX_MS + 20 * WAY_MS);
  assertEquals(gate.calls("pauseGate").map(({ paused }) => paused), [true]);
  for (const answer of answers) {
    const { active, queued } = known<{ active: number; queued: number }>(answer)!;
    assertEquals([active, queued], [0, 0]);
  }
});

Deno.test("SharedPool: of changes made while the server is away, the last of each kind goes out, and answers all", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a");
  gate.link.break();
  const answers = Array.from({ length: 1000 }, (_, at) => [
    gate.pool.configure({ backlogSize: at }, 0),
    gate.pool.configure({ maxConnections: at }, 0),
    at % 2 === 0 ? gate.pool.pause("paused") : gate.pool.resume("paused", 0),
    at % 2 === 0 ? gate.pool.resume("upstream_down", 0) : gate.pool.pause("upstream_down"),
  ]).flat();
  assertEquals(new Set(answers).size, 3, "who asks for the same waits for the same");
  lab.clock.advance(RECONNECT_MAX_MS + 20 * WAY_MS);
  const limits = { maxConnections: 999, backlogSize: 999 };
  const [_, ...configured] = gate.calls("configure").map(({ limits }) => limits);
  assertEquals(configured, [limits]);
  assertEquals(gate.calls("pausePool").map(({ paused }) => paused), [false]);
  assertEquals(gate.calls("pauseGate").map(({ paused }) => paused), [true]);
  assertEquals([gate.pool.limits, gate.pool.paused], [limits, false]);
  const counts = { active: 0, queued: 0, promoted: 0 };
  for (const answer of answers) assertEquals(known<unknown>(answer), counts);
});

Deno.test("SharedPool: changes made while the server answers all go out, in their order", () => {
  const { lab, a, waiter } = newLab();
  a.pool.configure({ maxConnections: 2 }, 0);
  a.pool.configure({ maxConnections: 1 }, 0);
  a.pool.pause("paused");
  a.pool.resume("paused", 0);
  lab.settle();
  const [_, ...configured] = a.calls("configure").map(({ limits }) => limits.maxConnections);
  assertEquals(configured, [2, 1]);
  assertEquals(a.calls("pausePool").map(({ paused }) => paused), [true, false]);
  assertEquals(waiter.state, "connected");
});

Deno.test("SharedPool: a pause of the gate that the server has wrong is put right at the next renewal", () => {
  const { lab, b } = newLab();
  const { gate } = b.calls("renew")[0]!;
  lab.server.call("pauseGate", { gate, paused: true });
  lab.clock.advance(2 * LEASE_MS / 3);
  assertEquals(b.calls("pauseGate").map(({ paused }) => paused), [false]);
});

Deno.test("SharedPool.pause: by an operator, of one gate alone, has no other one wait, and is told apart", () => {
  const { lab, a, b, holder, waiter } = newLab();
  const told: boolean[] = [];
  b.pool.observe({ paused: (paused) => told.push(paused) });
  b.pool.pause("gate_paused");
  const next = a.connect("next");
  lab.settle();
  a.leave(holder);
  lab.settle();
  assertEquals([waiter.state, next.state], ["queued", "connected"]);
  const paused = [a, b].map(({ pool }) => [pool.paused, pool.describe().cluster?.paused]);
  assertEquals(paused, [[false, false], [false, true]]);
  assertEquals(told, []);
  b.pool.resume("gate_paused", 0);
  a.leave(next);
  lab.settle();
  assertEquals([waiter.state, b.pool.describe().cluster?.paused], ["connected", false]);
});

Deno.test("SharedPool.resume: ends the pause for that reason alone", () => {
  const { lab, a, b, holder, waiter } = newLab();
  b.pool.pause("upstream_down");
  b.pool.pause("gate_paused");
  b.pool.resume("upstream_down", 0);
  a.leave(holder);
  lab.settle();
  assertEquals([waiter.state, b.pool.hasRoom], ["queued", false]);
  b.pool.resume("gate_paused", 0);
  lab.settle();
  assertEquals(waiter.state, "connected");
});

Deno.test("SharedPool: beyond the backlog, clients of a gate that is paused are rejected for that", () => {
  const limits = { maxConnections: 1, backlogSize: 0 };
  const lab = new SharedLab();
  const gate = lab.gate("a", { limits });
  const reasons = (["upstream_down", "gate_paused", "paused"] as const).map((reason) => {
    gate.pool.pause(reason);
    const client = gate.connect(reason);
    lab.settle();
    return client.reason;
  });
  assertEquals(reasons, ["upstream_down", "gate_paused", "paused"]);
});

Deno.test("SharedPool: a pause by an operator outlives the loss of the pool, and is told once", () => {
  const { lab, a, holder, waiter } = newLab();
  const told: boolean[] = [];
  a.pool.observe({ paused: (paused) => told.push(paused) });
  a.pool.pause("paused");
  lab.settle();
  lab.server.forgetAll();
  lab.clock.advance(LEASE_MS);
  a.leave(holder);
  lab.settle();
  assertEquals([waiter.state, a.pool.paused, told], ["queued", true, [true]]);
  a.pool.resume("paused", 0);
  lab.settle();
  assertEquals([waiter.state, a.pool.paused, told], ["connected", false, [true, false]]);
});

Deno.test("SharedPool.disconnect: says who was let in, where that is a client of this gate", () => {
  const { lab, a, holder } = newLab();
  a.pool.configure({ maxConnections: 2 }, 0);
  const next = a.connect("next");
  lab.settle();
  const done = a.pool.disconnect("holder", 0)!;
  assertEquals([holder.state, holder.reason], ["left", "evicted"]);
  lab.settle();
  assertEquals(known(done), { promoted: "next", active: 2, queued: 0 });
  assertEquals(next.state, "connected");
  assertEquals(a.heard.slice(-2), ["holder left evicted", "next connected"]);
});

Deno.test("SharedPool.disconnect: `promoted` is null where the next one is another gate's", () => {
  const { lab, a, waiter } = newLab();
  const done = a.pool.disconnect("holder", 0)!;
  lab.settle();
  assertEquals(known(done), { promoted: null, active: 1, queued: 0 });
  assertEquals(waiter.state, "connected");
});

Deno.test("SharedPool.disconnect: of one that asks, tells its holder first what it asked for", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a");
  gate.connect("one");
  const done = gate.pool.disconnect("one", 0)!;
  assertEquals(gate.pool.find("one"), undefined);
  lab.settle();
  assertEquals(gate.heard, ["one connected", "one left evicted"]);
  assertEquals(known(done), { promoted: null, active: 0, queued: 0 });
  assertEquals(contents(lab), { a: { held: [], waiting: [] } });
});

Deno.test("SharedPool: an uncounted one waits beyond the backlog, and is in no total", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a", { defaults: { maxConnections: 1, backlogSize: 0 } });
  const client = gate.connect("one");
  lab.settle();
  const check = gate.connect("check", { uncounted: true });
  lab.settle();
  assertEquals(check.state, "queued");
  gate.leave(client);
  lab.settle();
  assertEquals(check.state, "connected");
  gate.leave(check);
  lab.settle();
  const { queuedTotal, disconnectedTotal } = gate.pool.stats();
  assertEquals([queuedTotal, disconnectedTotal], [0, 1]);
});

Deno.test("SharedPool.full: an uncounted one that asks, waits or has a place takes no client's room", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a", { defaults: { maxConnections: 1, backlogSize: 1 } });
  const client = gate.connect("one");
  lab.settle();
  const check = gate.connect("check", { uncounted: true });
  assertEquals(gate.pool.full, false);
  lab.settle();
  assertEquals([check.state, gate.pool.full], ["queued", false]);
  const next = gate.connect("next");
  lab.settle();
  assertEquals([next.state, gate.pool.full], ["queued", true]);
  gate.leave(client);
  lab.settle();
  assertEquals([check.state, gate.pool.full], ["connected", false]);
  gate.connect("later");
  lab.settle();
  gate.leave(check);
  lab.settle();
  assertEquals([next.state, gate.pool.full], ["connected", true]);
});

Deno.test("SharedPool: while Redis is away, clients wait here, up to the backlog, and ask when it is back", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a", { defaults: { maxConnections: 1, backlogSize: 2 } });
  gate.link.closed = true;
  gate.link.break();
  lab.clock.advance(AWAY_PART * LEASE_MS);
  const clients = ["one", "two", "three"].map((id) => gate.connect(id));
  assertEquals(gate.states(...clients), "queued queued rejected");
  assertEquals([clients[2]!.reason, gate.pool.full, gate.pool.own.queued], [
    "backlog_full",
    true,
    2,
  ]);
  gate.leave(clients[0]!); // its time in the queue is up
  const last = gate.connect("last");
  assertEquals(last.state, "queued");
  gate.link.closed = false;
  lab.clock.advance(RECONNECT_MAX_MS + 20 * WAY_MS);
  assertEquals(gate.states(clients[1]!, last), "connected queued");
  const ops = gate.calls("apply").flatMap(({ ops }) => ops);
  const joins = ops.filter((op): op is Op & { kind: "join" } => op.kind === "join");
  assertEquals(joins.map(({ n }) => n), [2, 4]);
  assertEquals(gate.pool.stats().rejectedTotal, 1);
});

Deno.test("SharedPool: while Redis is away, without a backlog clients are turned away for that", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a", { defaults: { maxConnections: 1, backlogSize: 0 } });
  gate.link.closed = true;
  gate.link.break();
  const early = gate.connect("early");
  assertEquals(early.state, "asking");
  lab.clock.advance(AWAY_PART * LEASE_MS);
  const late = gate.connect("late");
  assertEquals([early, late].map(({ state, reason }) => [state, reason]), [
    ["rejected", "cluster_down"],
    ["rejected", "cluster_down"],
  ]);
  assertEquals(gate.heard, ["early rejected cluster_down"]);
  assertEquals(gate.pool.full, true);
});

Deno.test("SharedPool: those who have asked, and are not answered, wait while Redis is away", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a");
  const asked = gate.connect("asked");
  lab.clock.advance(0);
  const done = gate.pool.disconnect("asked", 0)!;
  const waits = gate.connect("waits");
  gate.link.closed = true;
  gate.link.break();
  lab.clock.advance(AWAY_PART * LEASE_MS);
  assertEquals(gate.states(asked, waits), "left queued");
  assertEquals(gate.heard, ["asked queued", "asked left evicted", "waits queued"]);
  assertEquals(known(done), { promoted: null, active: 0, queued: 0 });
  gate.link.closed = false;
  lab.clock.advance(RECONNECT_MAX_MS + 20 * WAY_MS);
  assertEquals(contents(lab), { a: { held: [2], waiting: [] } });
});

Deno.test("SharedPool: one that the server may know of is not turned away while Redis is away", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a", { defaults: { maxConnections: 1, backlogSize: 0 } });
  gate.spoil("apply", "answer lost");
  const client = gate.connect("one");
  lab.clock.advance(WAY_MS);
  gate.link.closed = true;
  gate.link.break();
  lab.clock.advance(AWAY_PART * LEASE_MS);
  assertEquals(client.state, "queued");
  gate.link.closed = false;
  lab.clock.advance(RECONNECT_MAX_MS + 20 * WAY_MS);
  assertEquals([client.state, contents(lab)], ["connected", { a: { held: [1], waiting: [] } }]);
});

Deno.test("SharedPool.disconnect: is answered at once while Redis is away", () => {
  const { lab, a, waiter } = newLab();
  a.link.closed = true;
  a.link.break();
  lab.clock.advance(AWAY_PART * LEASE_MS);
  // The counts as this gate has heard them last.
  assertEquals(known(a.pool.disconnect("holder", 0)!), { promoted: null, active: 1, queued: 0 });
  a.link.closed = false;
  lab.clock.advance(RECONNECT_MAX_MS + 20 * WAY_MS);
  assertEquals(waiter.state, "connected");
});

Deno.test("SharedPool: a Redis that is not there at the start is said once; clients wait", () => {
  const lab = new SharedLab();
  const refusals: string[] = [];
  const refused = (reason: string) => refusals.push(reason);
  const gate = lab.gate("a", { unconnected: true, refused });
  gate.link.closed = true;
  gate.link.fatal = true;
  const client = gate.connect("one");
  lab.clock.advance(3 * LEASE_MS);
  assertEquals(client.state, "queued");
  assertEquals(gate.notes, [
    "warn: Redis is away, nobody is let in until it is back: nothing listens",
  ]);
  // It is not asked again and again for what it has refused.
  assertEquals(refusals.length <= 3 * LEASE_MS / REFUSED_RETRY_MS, true, `${refusals.length}`);
  assertEquals(refusals[0], "nothing listens");
  gate.link.closed = false;
  lab.clock.advance(REFUSED_RETRY_MS + 20 * WAY_MS);
  assertEquals([client.state, known(gate.pool.ready)], ["connected", true]);
});

Deno.test("SharedPool: what befalls a gate is said to programs, too, each once", () => {
  const lab = new SharedLab();
  lab.server.graceful = true;
  const events: unknown[] = [];
  const note: Note = (_level, _text, fields) => events.push(fields);
  const a = lab.gate("a", { note });
  const b = lab.gate("b");
  lab.clock.advance(LEASE_MS);
  a.connect("one");
  lab.settle();
  a.link.closed = true;
  a.link.break();
  lab.clock.advance(1.5 * LEASE_MS);
  a.link.closed = false;
  lab.clock.advance(LEASE_MS / 2);
  b.link.partition();
  lab.clock.advance(1.1 * LEASE_MS);
  const { down_ms: downMs } = events[4] as { down_ms: number };
  assertEquals(downMs > LEASE_MS && downMs < 2 * LEASE_MS, true, `${downMs} ms`);
  assertEquals(events, [
    { event: "pool_created", held_ms: LEASE_MS / 2 },
    { event: "cluster_down", reason: "the connection was reset" },
    { event: "lease_lost", kept: 1, cut: 0 },
    { event: "registered", reason: "fenced", active: 1, queued: 0 },
    { event: "cluster_up", down_ms: downMs, active: 1, queued: 0 },
    { event: "gate_reaped", gate: "b", active: 0, queued: 0 },
  ]);
});

Deno.test("SharedPool.describe: lists the gates, and says whether this one may let clients in", () => {
  const { lab, a } = newLab();
  lab.clock.advance(LEASE_MS / 2);
  const { gates, cluster } = a.pool.describe();
  const shares = gates.map((
    { name, own, active, queued, paused },
  ) => [name, own, active, queued, paused]);
  assertEquals(shares, [["a", true, 1, 0, false], ["b", false, 0, 1, false]]);
  for (const { leaseAgeMs } of gates) assertEquals(leaseAgeMs <= 2 * LEASE_MS / 3, true);
  assertEquals(cluster, {
    ...{ name: "a", up: true, downMs: 0, down: undefined, leaseValid: true, lost: "hold" },
    ...{ paused: false, heldMs: 0, leaseLostTotal: 0 },
    resyncs: { fenced: 0, empty: 0, behind: 0 },
  });
  a.link.closed = true;
  a.link.break("it is gone");
  const gone = a.pool.describe().cluster!;
  assertEquals([gone.up, gone.down, gone.leaseValid], [false, "it is gone", true]);
  lab.clock.advance(LEASE_MS);
  const { leaseValid, down, downMs, leaseLostTotal } = a.pool.describe().cluster!;
  assertEquals([leaseValid, down, leaseLostTotal], [false, "nothing listens", 1]);
  assertEquals(downMs > 0, true);
});

Deno.test("SharedPool.observe: tells how long calls took", () => {
  const lab = new SharedLab();
  const gate = lab.gate("a");
  const took: number[] = [];
  gate.pool.observe({ answered: (ms) => took.push(ms) });
  gate.connect("one");
  lab.settle();
  assertEquals(took, [2 * WAY_MS]);
});

Deno.test("SharedPool.close: the gate retires behind all that it had to say; the next one is let in", async () => {
  const { lab, a, waiter } = newLab();
  const closed = a.pool.close();
  lab.settle();
  await closed;
  assertEquals([waiter.state, Object.keys(lab.server.contents)], ["connected", ["b"]]);
  const { opened } = a.link;
  lab.clock.advance(3 * LEASE_MS);
  assertEquals(a.link.opened, opened);
});

Deno.test("SharedPool.close: does not wait for a server that does not answer, or is away", async () => {
  for (const away of [false, true]) {
    const lab = new SharedLab();
    const gate = lab.gate("a");
    gate.link.partition();
    if (away) gate.link.break();
    const closed = gate.pool.close();
    lab.clock.advance(1000);
    await closed;
    lab.settle();
    assertEquals(lab.clock.timers, 0, `with the server ${away ? "away" : "silent"}`);
  }
});
