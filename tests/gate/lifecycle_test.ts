import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { RECONNECT_MAX_MS } from "../../lib/cluster/enrolment.ts";
import type { Connection } from "../../lib/gate/connection.ts";
import type { Ending } from "../../lib/gate/ending.ts";
import { Gate } from "../../lib/gate/gate.ts";
import type { GateOptions } from "../../lib/gate/gate_options.ts";
import {
  type Goodbye,
  LINGER_MS,
  LINGER_SILENCE_MS,
  MAX_LINGERING,
} from "../../lib/gate/goodbyes.ts";
import type { Session } from "../../lib/gate/session.ts";
import type { Note } from "../../lib/io/log.ts";
import type { Limits } from "../../lib/pool/limits.ts";
import type { Pool } from "../../lib/pool/pool.ts";
import { Door, type Visitor } from "../support/door.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { IN_MEMORY, LATE, partsOf, type PoolKind, POOLS, quiet, SHARED } from "../support/pools.ts";

const QUEUE_TIMEOUT_MS = 1000;
const DRAIN_TIMEOUT_MS = QUEUE_TIMEOUT_MS / 2;

/** A session that tells what it is asked to do, and does what the test has put in its place. */
class TestSession implements Session {
  leavesLater = false;
  readonly log: string[] = [];
  readonly connection: Connection;
  #stop = () => {};

  constructor(connection: Connection) {
    this.connection = connection;
  }

  hold(): void {
    this.log.push("hold");
    this.connection.side.input.watch();
  }

  heldFull(): void {
    this.log.push("heldFull");
  }

  queued(): void {
    this.log.push("queued");
  }

  async serve(): Promise<Ending> {
    this.log.push("serve");
    this.connection.side.input.watch();
    await new Promise<void>((resolve) => this.#stop = resolve);
    return "finished";
  }

  interrupt(ending: Ending): void {
    this.log.push(`interrupt ${ending}`);
    this.#stop();
  }

  closeUpstream(): void {
    this.log.push("closeUpstream");
  }

  endUpstream(): void | Promise<void> {
    this.log.push("endUpstream");
  }

  sayGoodbye(ending: Ending, _goodbye: Goodbye): Promise<void> {
    this.log.push(`sayGoodbye ${ending}`);
    return Promise.resolve();
  }
}

/** A gate whose visitors, sessions and notes the test has in its hands. */
class Lab {
  readonly clock = new FakeClock(1_000_000);
  readonly door = new Door();
  readonly pool: Pool;
  readonly sessions: TestSession[] = [];
  readonly notes: string[] = [];
  readonly gate: Gate;
  running: Promise<void>;
  ended = false;
  holdsBack = false;
  upstreamDown = false;
  /** Called for each session before it is used: what it does may be replaced. */
  opened: (session: TestSession, index: number) => void = () => {};
  note: Note = (level, text) => this.notes.push(`${level}: ${text}`);

  constructor(
    kind: PoolKind,
    limits: Limits = { maxConnections: 1, backlogSize: 5 },
    options: Partial<GateOptions> = {},
  ) {
    this.pool = kind.make(limits, undefined, this.clock);
    this.gate = new Gate({
      listener: this.door,
      pool: this.pool,
      now: () => this.clock.now(),
      openSession: (connection) => {
        const session = new TestSession(connection);
        this.sessions.push(session);
        this.opened(session, this.sessions.length - 1);
        return session;
      },
      holdsBack: () => this.holdsBack,
      upstreamDown: () => this.upstreamDown,
      clock: this.clock,
      note: (level, text) => this.note(level, text),
      options: {
        ...{
          upstreams: [],
          upstreamOrder: "least",
          queueTimeoutMs: QUEUE_TIMEOUT_MS,
          drainTimeoutMs: 0,
          drainQueue: "wait",
        },
        ...{ connectTimeoutMs: 0, upstreamLingerMs: 0, idleTimeoutMs: 0, rejectAs: "line" },
        ...{ maxLifetimeMs: 0, maxPerSource: undefined, maxWaitingPerSource: undefined },
        ...{ sourcePrefixV6: 64, logConnections: true, ...options },
      },
    });
    this.running = this.gate.run();
    this.running.then(() => this.ended = true);
  }

  /** As {@linkcode arrive}, one from each of these addresses. */
  async arriveFrom(...sources: (string | undefined)[]): Promise<Visitor[]> {
    const visitors: Visitor[] = [];
    for (const source of sources) {
      visitors.push(await this.door.arrive(source));
      await quiet(this.pool);
    }
    return visitors;
  }

  /** Which of some have been turned away, or taken out. */
  closed(visitors: Visitor[]): number[] {
    return [...visitors.keys()].filter((index) => visitors[index]!.closed);
  }

  /** Lets so many arrive, each when the one before it knows where it stands. */
  async arrive(count: number): Promise<Visitor[]> {
    const visitors: Visitor[] = [];
    for (let i = 0; i < count; i++) {
      visitors.push(await this.door.arrive("192.0.2.1"));
      await quiet(this.pool);
    }
    return visitors;
  }

  log(index: number): string[] {
    return this.sessions[index]!.log;
  }

  /** The notes of what has gone wrong. */
  get errors(): string[] {
    return this.notes.filter((note) => note.startsWith("error"));
  }

  get counts(): [number, number] {
    const { active, queued } = this.pool.own;
    assertEquals({ active, queued }, ofStats(this.pool));
    return [active, queued];
  }

  /** Drains, has all go, and sees that everything is given back, exactly once. */
  async end(visitors: Visitor[]): Promise<void> {
    this.gate.drain();
    for (const visitor of visitors) visitor.hangUp();
    await quiet(this.pool);
    await this.clock.advance(LINGER_MS);
    await quiet(this.pool);
    assertEquals(this.ended, true, "the drain has ended");
    assertEquals(this.counts, [0, 0]);
    const { connectedTotal, queuedTotal, disconnectedTotal } = this.pool.stats();
    assertEquals(disconnectedTotal, connectedTotal + queuedTotal, "each has left once");
    assertEquals(visitors.filter(({ closes }) => closes !== 1).length, 0, "each is closed once");
  }
}

function ofStats(pool: Pool) {
  const { active, queued } = pool.stats();
  return { active, queued };
}

function onPurpose(): never {
  throw new Error("on purpose");
}

function onPurposeLater(): Promise<never> {
  return Promise.reject(new Error("on purpose"));
}

/** Notes without the figures that they end with. */
function whatOf(notes: string[]): string[] {
  return notes.map((note) => note.replace(/ \(waited .*\)$/, ""));
}

const FAULT = /^error: a connection met a fault of poolgate: Error: on purpose$/;

/**
 * Where something throws: in the life of the second of three, which waits for the place of the
 * first.
 */
const faults: [string, (session: TestSession, lab: Lab) => void][] = [
  ["session.hold", (session) => session.hold = onPurpose],
  ["session.queued", (session) => session.queued = onPurpose],
  ["session.serve", (session) => session.serve = onPurpose],
  ["session.serve, later", (session) => session.serve = () => onPurposeLater()],
  ["session.endUpstream", (session) => session.endUpstream = onPurpose],
  [
    "session.endUpstream, later",
    (session) => session.endUpstream = () => onPurposeLater(),
  ],
  ["session.sayGoodbye", (session) => session.sayGoodbye = onPurpose],
  ["session.sayGoodbye, later", (session) => session.sayGoodbye = () => onPurposeLater()],
  ...["queued", "promoted", "left"].map((what): typeof faults[number] => [
    `note, of "${what}"`,
    ({ connection }, lab) => {
      const note = lab.note;
      lab.note = (level, text) => {
        if (level === "info" && text.startsWith(`${connection.client.id}: ${what}`)) onPurpose();
        note(level, text);
      };
    },
  ]),
];

for (const kind of POOLS) {
  for (const [where, breakIt] of faults) {
    Deno.test(`Lifecycle.live: a throw in ${where} is noted, ends that connection alone, and gives its place back${kind.name}`, async () => {
      const lab = new Lab(kind);
      lab.opened = (session, index) => index === 1 && breakIt(session, lab);
      const [first, second, third] = await lab.arrive(3) as [Visitor, Visitor, Visitor];
      first.hangUp();
      await quiet(lab.pool);
      second.hangUp();
      await quiet(lab.pool);
      await lab.clock.advance(LINGER_MS);
      assertEquals(second.closed, true);
      assertEquals(lab.errors.length, 1, lab.errors.join());
      assertMatch(lab.errors[0]!, FAULT);
      assertEquals([lab.counts, lab.log(2).includes("serve")], [[1, 0], true]);
      await lab.end([first, second, third]);
      assertEquals(lab.errors.length, 1);
    });
  }

  Deno.test(`Lifecycle.enter: a throw in pool.connect is noted, and closes that connection alone${kind.name}`, async () => {
    const lab = new Lab(kind);
    const [first] = await lab.arrive(1) as [Visitor];
    const { pool } = lab;
    const connect = pool.connect;
    pool.connect = onPurpose;
    const [second] = await lab.arrive(1) as [Visitor];
    pool.connect = connect;
    const [third] = await lab.arrive(1) as [Visitor];
    assertEquals([first.closed, second.closed, third.closed], [false, true, false]);
    assertEquals(lab.errors.length, 1, lab.errors.join());
    assertMatch(lab.errors[0]!, FAULT);
    assertEquals(lab.counts, [1, 1]);
    await lab.end([first, second, third]);
  });

  Deno.test(`Lifecycle.live: a throw in pool.leave is noted, and ends that connection all the same${kind.name}`, async () => {
    const lab = new Lab(kind, { maxConnections: 2, backlogSize: 5 });
    const [first, second] = await lab.arrive(2) as [Visitor, Visitor];
    const { pool } = lab;
    const leave = pool.leave;
    pool.leave = onPurpose;
    first.hangUp();
    await quiet(pool);
    pool.leave = leave;
    assertEquals([first.closes, second.closed], [1, false]);
    assertMatch(lab.errors.join(), FAULT);
    assertEquals(lab.notes.filter((note) => note.startsWith("info: client 1: left: ")).length, 1);
    lab.gate.drain();
    second.hangUp();
    await quiet(pool);
    await lab.running;
    // Its place is what cannot be given back here.
    assertEquals(lab.counts, [1, 0]);
  });

  Deno.test(`Lifecycle.live: where each note fails, connections come and go all the same${kind.name}`, async () => {
    const lab = new Lab(kind);
    await settled();
    const note = lab.note;
    lab.note = onPurpose;
    const visitors = await lab.arrive(3);
    lab.note = note;
    await lab.end(visitors);
  });

  Deno.test(`Lifecycle.live: a goodbye that fails with its socket is no fault${kind.name}`, async () => {
    const lab = new Lab(kind);
    lab.opened = (session) => {
      session.sayGoodbye = async () => void await session.connection.side.write(new Uint8Array(1));
    };
    const [visitor] = await lab.arrive(1) as [Visitor];
    visitor.write = onPurpose;
    visitor.hangUp();
    await quiet(lab.pool);
    assertEquals([visitor.closes, lab.errors], [1, []]);
    await lab.end([visitor]);
  });

  Deno.test(`Lifecycle.live: waits for the end of the upstream, then gives the place back, then says goodbye${kind.name}`, async () => {
    const lab = new Lab(kind);
    const upstream = Promise.withResolvers<void>();
    const goodbye = Promise.withResolvers<void>();
    lab.opened = (session, index) => {
      if (index > 0) return;
      session.endUpstream = () => upstream.promise;
      session.sayGoodbye = () => goodbye.promise;
    };
    const [first, second] = await lab.arrive(2) as [Visitor, Visitor];
    first.hangUp();
    await quiet(lab.pool);
    assertEquals([lab.counts, lab.log(1).includes("serve")], [[1, 1], false]);
    upstream.resolve();
    await quiet(lab.pool);
    assertEquals([lab.counts, lab.log(1).includes("serve"), first.closed], [[1, 0], true, false]);
    goodbye.resolve();
    await quiet(lab.pool);
    assertEquals(first.closed, true);
    await lab.end([first, second]);
  });

  const evict = ({ pool, clock }: Lab, id: string) => pool.disconnect(id, clock.now());

  Deno.test(`Lifecycle.live: one that leaves later, and is evicted twice, leaves once, and that is noted once${kind.name}`, async () => {
    const lab = new Lab(kind);
    const upstream = Promise.withResolvers<void>();
    lab.opened = (session, index) => {
      session.leavesLater = true;
      if (index === 0) session.endUpstream = () => upstream.promise;
    };
    const [first, second] = await lab.arrive(2) as [Visitor, Visitor];
    const noted = () => whatOf(lab.notes.filter((note) => /disconnected by|left/.test(note)));
    for (let i = 0; i < 2; i++) {
      evict(lab, first.name);
      await quiet(lab.pool);
      assertEquals([lab.counts, lab.log(1).includes("serve"), noted()], [[1, 1], false, []]);
    }
    const interrupts = lab.log(0).filter((step) => step.startsWith("interrupt"));
    assertEquals(interrupts, ["interrupt evicted"]);
    upstream.resolve();
    await quiet(lab.pool);
    assertEquals([lab.counts, lab.log(1).includes("serve")], [[1, 0], true]);
    assertEquals(noted(), ["info: client 1: disconnected by a request"]);
    await lab.end([first, second]);
    assertEquals(noted(), [
      "info: client 1: disconnected by a request",
      "info: client 2: left: the client closed the connection",
    ]);
  });

  Deno.test(`Lifecycle.live: an eviction from a place is noted once, and the promotion that it makes${kind.name}`, async () => {
    const lab = new Lab(kind);
    const [first, second] = await lab.arrive(2) as [Visitor, Visitor];
    evict(lab, first.name);
    evict(lab, first.name);
    await quiet(lab.pool);
    const noted = whatOf(lab.notes.filter((note) => note.includes("client ")));
    assertEquals(noted.toSorted(), [
      "info: client 1: connected",
      "info: client 1: disconnected by a request",
      "info: client 2: promoted",
      "info: client 2: queued",
    ]);
    await lab.end([first, second]);
  });

  const away = (lab: Lab) => partsOf(lab.pool).link.break();
  const shared: [string, (lab: Lab) => void, Ending][] = [
    ["the gate is paused", (lab) => lab.pool.pause("gate_paused"), "gate_paused"],
    ["whoever keeps the pool is away", away, "cluster_down"],
  ];
  const nobodyLetIn: [string, (lab: Lab) => void, Ending][] = [
    ...(kind === SHARED ? shared : []),
    ["the pool is paused", (lab) => lab.pool.pause("paused"), "paused"],
    ["the upstream is down", (lab) => lab.upstreamDown = true, "upstream_down"],
    ["both", (lab) => {
      lab.pool.pause("paused");
      lab.upstreamDown = true;
    }, "paused"],
  ];
  for (const [what, change, ending] of nobodyLetIn) {
    Deno.test(`Lifecycle.live: where ${what} when its time in the queue is up, a client is told so${kind.name}`, async () => {
      const lab = new Lab(kind);
      const [first, second] = await lab.arrive(2);
      change(lab);
      await quiet(lab.pool);
      await lab.clock.advance(QUEUE_TIMEOUT_MS);
      await quiet(lab.pool);
      assertEquals(lab.log(1).includes(`sayGoodbye ${ending}`), true, `${lab.log(1)}`);
      if (kind === SHARED) await partsOf(lab.pool).timers.advance(RECONNECT_MAX_MS);
      await lab.end([first!, second!]);
    });
  }

  /** What happens to the second of three in one turn, while it waits, and how it may end. */
  const together: [string, (lab: Lab, visitors: Visitor[]) => void, Ending[]][] = [
    ["promoted and evicted", (lab) => {
      evict(lab, "client 1");
      evict(lab, "client 2");
    }, ["evicted"]],
    ["evicted and promoted", (lab) => {
      evict(lab, "client 2");
      evict(lab, "client 1");
    }, ["evicted"]],
    ["promoted and hung up", (lab, [, second]) => {
      evict(lab, "client 1");
      second!.hangUp();
    }, ["finished"]],
    ["hung up and evicted", (lab, [, second]) => {
      second!.hangUp();
      evict(lab, "client 2");
    }, ["finished", "evicted"]],
    ["promoted and timed out", (lab) => {
      evict(lab, "client 1");
      lab.clock.advance(QUEUE_TIMEOUT_MS);
    }, ["queue_timeout"]],
    ["timed out and promoted", (lab) => {
      lab.clock.advance(QUEUE_TIMEOUT_MS);
      evict(lab, "client 1");
    }, ["queue_timeout"]],
    ["timed out and drained", (lab) => {
      lab.clock.advance(QUEUE_TIMEOUT_MS);
      lab.gate.drain();
    }, ["queue_timeout"]],
    ["drained and evicted", (lab) => {
      lab.gate.drain();
      evict(lab, "client 2");
    }, ["evicted"]],
    ["drained and hung up", (lab, [, second]) => {
      lab.gate.drain();
      second!.hangUp();
    }, ["finished"]],
    ["promoted at the end of the drain", (lab) => {
      lab.gate.drain();
      evict(lab, "client 1");
      lab.clock.advance(DRAIN_TIMEOUT_MS);
    }, ["draining", "drain_timeout"]],
    ["hung up at the end of the drain", (lab, [, second]) => {
      lab.gate.drain();
      second!.hangUp();
      lab.clock.advance(DRAIN_TIMEOUT_MS);
    }, ["finished", "draining"]],
  ];

  for (const [what, act, endings] of together) {
    Deno.test(`Lifecycle.live: ${what} in one turn, gives its place back once${kind.name}`, async () => {
      const lab = new Lab(kind, undefined, { drainTimeoutMs: DRAIN_TIMEOUT_MS });
      const visitors = await lab.arrive(3);
      act(lab, visitors);
      await quiet(lab.pool);
      const { ending } = lab.sessions[1]!.connection;
      assertEquals(endings.includes(ending!), true, `it has ended with ${ending}`);
      assertEquals(lab.log(1).filter((step) => step.startsWith("sayGoodbye")).length, 1);
      await lab.end(visitors);
      assertEquals(lab.errors, []);
    });
  }

  /**
   * What happens in the turn in which a connection has come, whatever the pool has said by then.
   */
  const early: [string, (lab: Lab, visitor: Visitor) => void][] = [
    ["hung up", (_, visitor) => visitor.hangUp()],
    ["reset", (_, visitor) => visitor.reset()],
    ["evicted", (lab, { name }) => evict(lab, name)],
    ["drained", (lab) => lab.gate.drain()],
    ["timed out", (lab) => lab.clock.advance(QUEUE_TIMEOUT_MS)],
    ["evicted and hung up", (lab, visitor) => {
      evict(lab, visitor.name);
      visitor.hangUp();
    }],
    ["hung up and drained", (lab, visitor) => {
      visitor.hangUp();
      lab.gate.drain();
    }],
    ["drained and evicted", (lab, { name }) => {
      lab.gate.drain();
      evict(lab, name);
    }],
  ];

  for (const [what, act] of early) {
    for (const [place, before] of [["a place", 0], ["the queue", 1], ["no room", 2]] as const) {
      Deno.test(`Lifecycle.live: ${what} as soon as it has come to ${place}, gives back what it was given${kind.name}`, async () => {
        const lab = new Lab(kind, { maxConnections: 1, backlogSize: 1 });
        const visitors = await lab.arrive(before);
        const visitor = await lab.door.arrive("192.0.2.1");
        act(lab, visitor);
        await lab.end([...visitors, visitor]);
        assertEquals(lab.errors, []);
      });
    }
  }

  Deno.test(`Lifecycle.live: a connection is told that it waits once, and noted as what it was${kind.name}`, async () => {
    const lab = new Lab(kind, { maxConnections: 1, backlogSize: 1 });
    const visitors = await lab.arrive(3);
    visitors[0]!.hangUp();
    await quiet(lab.pool);
    const noted = (index: number) =>
      whatOf(lab.notes.filter((note) => note.includes(`client ${index}: `))).map((note) =>
        note.replace(/^.*: /, "")
      );
    assertEquals(noted(1), ["connected", "the client closed the connection"]);
    assertEquals(noted(2), ["queued", "promoted"]);
    assertEquals(noted(3), ["too many connections, and the queue is full"]);
    assertEquals(lab.log(1).filter((step) => step === "queued").length, 1);
    await lab.end(visitors);
  });

  Deno.test(`Lifecycle.live: many that come at once and are let in at once, in whatever order that is told${kind.name}`, async () => {
    const lab = new Lab(kind, { maxConnections: 3, backlogSize: 40 });
    const visitors: Visitor[] = [];
    for (let i = 0; i < 40; i++) visitors.push(await lab.door.arrive());
    lab.pool.configure({ maxConnections: 40, backlogSize: 0 }, lab.clock.now());
    for (const visitor of visitors.slice(0, 10)) visitor.hangUp();
    await quiet(lab.pool);
    assertEquals(lab.counts, [30, 0]);
    const served = lab.sessions.slice(10).filter(({ log }) => log.includes("serve"));
    assertEquals(served.length, 30);
    await lab.end(visitors);
    assertEquals(lab.errors, []);
  });
}

Deno.test("Lifecycle.enter: an address counts until its connection has left, also where that failed", async () => {
  const lab = new Lab(IN_MEMORY, { maxConnections: 9, backlogSize: 9 }, { maxPerSource: 1 });
  lab.opened = (session, index) => {
    if (index === 0) session.serve = onPurpose;
  };
  const [first, second, third] = await lab.arrive(3) as [Visitor, Visitor, Visitor];
  assertEquals([first.closed, second.closed], [true, false]);
  assertEquals(lab.log(2), ["endUpstream", "sayGoodbye per_source"]);
  await lab.end([first, second, third]);
});

for (const kind of POOLS) {
  Deno.test(`--max-per-source: all of an IPv6 network are one source, each IPv4 address is${kind.name}`, async () => {
    const lab = new Lab(kind, { maxConnections: 9, backlogSize: 9 }, { maxPerSource: 2 });
    const visitors = await lab.arriveFrom(
      ...["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1", undefined],
      ...["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2", undefined, undefined],
    );
    assertEquals(lab.closed(visitors), [2, 7]);
    await lab.end(visitors);
  });

  Deno.test(`--max-waiting-per-source: those of a source beyond it are turned away, whoever else waits${kind.name}`, async () => {
    const lab = new Lab(kind, { maxConnections: 2, backlogSize: 9 }, { maxWaitingPerSource: 2 });
    const visitors = await lab.arriveFrom(
      ...["2001:db8::1", "2001:db8::2"],
      ...["2001:db8::3", "2001:db8::4", "2001:db8::5", "2001:db8:0:1::1", undefined, undefined],
      ...[undefined, "2001:db8::6"],
    );
    assertEquals([lab.closed(visitors), lab.counts], [[4, 9], [2, 6]]);
    assertEquals(lab.log(4), ["endUpstream", "sayGoodbye waiting_per_source"]);
    assertEquals(lab.pool.stats().rejectedTotal, 2);
    assertEquals(lab.notes.filter((note) => note.startsWith("warn")), [
      "warn: turning connections away: too many connections from this address wait already",
    ]);
    await lab.end(visitors);
  });

  for (const leaving of ["is let in", "hangs up", "has waited too long", "is evicted"]) {
    Deno.test(`--max-waiting-per-source: one that ${leaving} makes way for another${kind.name}`, async () => {
      const lab = new Lab(kind, undefined, { maxWaitingPerSource: 1 });
      const [placed, waiting] = await lab.arrive(2) as [Visitor, Visitor];
      if (leaving === "is let in") placed.hangUp();
      if (leaving === "hangs up") waiting.hangUp();
      if (leaving === "has waited too long") await lab.clock.advance(QUEUE_TIMEOUT_MS);
      if (leaving === "is evicted") lab.pool.disconnect(waiting.name, lab.clock.now());
      await quiet(lab.pool);
      const [third, fourth] = await lab.arrive(2) as [Visitor, Visitor];
      assertEquals([third.closed, fourth.closed, lab.counts], [false, true, [1, 1]]);
      await lab.end([placed, waiting, third, fourth]);
    });
  }

  Deno.test(`--max-waiting-per-source: holds for those that come at once, whatever is known by then${kind.name}`, async () => {
    const lab = new Lab(kind, { maxConnections: 3, backlogSize: 50 }, { maxWaitingPerSource: 4 });
    const visitors: Visitor[] = [];
    for (let i = 0; i < 30; i++) visitors.push(await lab.door.arrive("192.0.2.1"));
    await quiet(lab.pool);
    assertEquals([lab.counts, lab.closed(visitors).length], [[3, 4], 23]);
    await lab.end(visitors);
  });

  Deno.test(`--max-lifetime: takes the place of who has had it for so long, and none before${kind.name}`, async () => {
    const lab = new Lab(kind, undefined, { maxLifetimeMs: 800 });
    const [first, second, third] = await lab.arrive(3) as [Visitor, Visitor, Visitor];
    await lab.clock.advance(799);
    assertEquals([first.closed, lab.counts], [false, [1, 2]]);
    await lab.clock.advance(1);
    await quiet(lab.pool);
    assertEquals([first.closed, second.closed, lab.counts], [true, false, [1, 1]]);
    const steps = ["interrupt max_lifetime", "endUpstream", "sayGoodbye max_lifetime"];
    assertEquals(lab.log(0).filter((step) => steps.includes(step)), steps);
    second.hangUp();
    await quiet(lab.pool);
    await lab.clock.advance(799);
    assertEquals([third.closed, lab.counts], [false, [1, 0]]);
    const ends = lab.notes.filter((note) => /: (evicted|left)/.test(note));
    assertEquals(ends, [
      "info: client 1: evicted: it has had its place for as long as it may " +
      "(waited 0.000 s, served 0.800 s, received 0 bytes, sent 0)",
      "info: client 2: left: the client closed the connection " +
      "(waited 0.800 s, served 0.000 s, received 0 bytes, sent 0)",
    ]);
    await lab.end([first, second, third]);
    const cut = lab.sessions.map(({ log }) => log.includes("interrupt max_lifetime"));
    assertEquals([cut, lab.errors], [[true, false, false], []]);
  });
}

Deno.test(`--drain-queue reject: one that is still asked for is turned away, whatever the answer${LATE.name}`, async () => {
  for (const maxConnections of [0, 1]) {
    const limits = { maxConnections, backlogSize: 5 };
    const lab = new Lab(LATE, limits, { drainQueue: "reject" });
    const visitor = await lab.door.arrive();
    lab.gate.drain();
    await quiet(lab.pool);
    assertEquals(lab.log(0).slice(0, 3), ["hold", "endUpstream", "sayGoodbye draining"]);
    await lab.running;
    await lab.end([visitor]);
  }
});

Deno.test(`Gate.drain: one that is still asked for has what the pool answers, until the drain is over${LATE.name}`, async () => {
  for (const [maxConnections, ending] of [[0, "draining"], [1, "drain_timeout"]] as const) {
    const limits = { maxConnections, backlogSize: 5 };
    const lab = new Lab(LATE, limits, { drainTimeoutMs: DRAIN_TIMEOUT_MS });
    const visitor = await lab.door.arrive();
    lab.gate.drain();
    await quiet(lab.pool);
    assertEquals([lab.counts, lab.gate.drainLeftMs], [
      [maxConnections, 1 - maxConnections],
      DRAIN_TIMEOUT_MS,
    ]);
    await lab.clock.advance(DRAIN_TIMEOUT_MS);
    await quiet(lab.pool);
    assertStringIncludes(lab.log(0).join(), `sayGoodbye ${ending}`);
    await lab.running;
    await lab.end([visitor]);
  }
});

Deno.test("Lifecycle.live: who still sends hears the last word, within a bound in silence and in all", async () => {
  const lab = new Lab(IN_MEMORY, { maxConnections: 0, backlogSize: 0 });
  const heard: (() => void)[] = [];
  const goodbye = (_: Ending, goodbye: Goodbye) => {
    goodbye.told();
    heard.push(() => goodbye.heard());
    return new Promise<void>(() => {});
  };
  lab.opened = (session) => session.sayGoodbye = goodbye;
  const [silent, steady] = await lab.arrive(2) as [Visitor, Visitor];
  for (let ms = 0; ms < LINGER_MS - LINGER_SILENCE_MS; ms += LINGER_SILENCE_MS - 1) {
    heard[1]!();
    await lab.clock.advance(LINGER_SILENCE_MS - 1);
    heard[1]!();
  }
  assertEquals([silent.closed, steady.closed], [true, false]);
  heard[1]!();
  await lab.clock.advance(LINGER_SILENCE_MS);
  assertEquals(steady.closed, true);
});

Deno.test("Lifecycle.live: of those that are out and still send, so many are heard at once, for so long, and one more takes the time of the longest silent", async () => {
  const lab = new Lab(IN_MEMORY, { maxConnections: 0, backlogSize: 0 });
  const heard: (() => void)[] = [];
  lab.opened = (session) => {
    session.sayGoodbye = (ending, goodbye) => {
      session.log.push(`sayGoodbye ${ending}`);
      goodbye.told();
      heard.push(() => goodbye.heard());
      return new Promise(() => {});
    };
  };
  const uploading: Visitor[] = [];
  for (let i = 0; i < MAX_LINGERING; i++) uploading.push(await lab.door.arrive());
  const closed = () => uploading.filter(({ closed }) => closed).length;
  for (let ms = 0; ms < LINGER_MS - LINGER_SILENCE_MS / 2; ms += LINGER_SILENCE_MS / 2) {
    for (const hears of heard) hears();
    await lab.clock.advance(LINGER_SILENCE_MS / 2);
  }
  assertEquals(closed(), 0);
  heard[0]!();
  const oneTooMany = await lab.door.arrive();
  assertEquals([closed(), uploading[1]!.closed, oneTooMany.closed], [1, true, false]);
  assertEquals(lab.log(MAX_LINGERING), ["endUpstream", "sayGoodbye backlog_full"]);
  for (const hears of heard) hears();
  await lab.clock.advance(LINGER_SILENCE_MS / 2);
  assertEquals([closed(), oneTooMany.closed], [MAX_LINGERING, false]);
  heard.at(-1)!();
  await lab.clock.advance(LINGER_SILENCE_MS);
  assertEquals(oneTooMany.closed, true);
});

Deno.test("Gate.run: leaves who comes to the kernel while it is to hold back, and takes them later", async () => {
  const lab = new Lab(IN_MEMORY);
  await lab.arrive(1);
  lab.holdsBack = true;
  // The one that it was about to take is taken.
  await lab.arrive(1);
  assertEquals(lab.counts, [1, 1]);
  await lab.door.arrive("192.0.2.1");
  assertEquals(lab.counts, [1, 1]);
  lab.holdsBack = false;
  await lab.clock.advance(100);
  await lab.arrive(1);
  assertEquals(lab.counts, [1, 2]);
});
