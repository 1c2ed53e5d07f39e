import { assertEquals } from "@std/assert";
import { CHECK_ID, HealthChecks } from "../../lib/gate/health_checks.ts";
import type { Upstream } from "../../lib/gate/upstream.ts";
import { Upstreams } from "../../lib/gate/upstreams.ts";
import { LocalShortage, type Socket } from "../../lib/io/socket.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { FakeSocket } from "../support/fake_socket.ts";
import { type PoolKind, POOLS, quiet } from "../support/pools.ts";

const INTERVAL_MS = 2000;

/** An upstream that is checked, and whose every answer the test gives. */
class Lab {
  clock = new FakeClock();
  log: string[] = [];
  pool;
  upstreams: Upstreams;
  upstream: Upstream;
  checks: HealthChecks;
  /** The checks that wait for an answer. */
  asked: PromiseWithResolvers<void>[] = [];
  /** The dials that wait for an answer. */
  dials: PromiseWithResolvers<Socket>[] = [];
  closed = 0;
  leftOut = 0;
  #told = 0;

  constructor(
    kind: PoolKind,
    { maxConnections = 2, backlogSize = 5, intervalMs = INTERVAL_MS } = {},
  ) {
    const { clock } = this;
    const now = () => clock.now();
    const pool = this.pool = kind.make({ maxConnections, backlogSize });
    const member = {
      address: "service:1",
      checked: true,
      dial: () => {
        const dial = Promise.withResolvers<Socket>();
        this.dials.push(dial);
        return dial.promise;
      },
      onDown: (reason: string) => {
        this.log.push(`down: ${reason}`);
        this.checks.fell();
      },
      onUp: () => this.log.push("up"),
      onSilent: (reason: string) => this.log.push(`silent: ${reason}`),
      onShortage: (reason: string) => this.log.push(`shortage: ${reason}`),
    };
    this.upstreams = new Upstreams({
      clock,
      connectTimeoutMs: 10_000,
      order: "least",
      places: () => pool.stats(),
      members: [member],
      onHold: () => {
        this.log.push("hold");
        pool.pause("upstream_down");
      },
      onRelease: () => {
        this.log.push("release");
        pool.resume("upstream_down", now());
      },
    });
    const upstream = this.upstream = this.upstreams.all[0]!;
    const { looks } = this.upstreams;
    const ask = () => {
      const check = Promise.withResolvers<void>();
      this.asked.push(check);
      return check.promise;
    };
    const rules = { fall: 3, rise: 2 };
    const leftOut = () => this.leftOut++;
    const given = { ask, leftOut, upstream, looks, pool, now, clock, rules, intervalMs };
    this.checks = new HealthChecks(given);
  }

  async quiet(): Promise<void> {
    await settled();
    await quiet(this.pool);
    await settled();
  }

  async begin(): Promise<void> {
    this.checks.begin();
    await this.quiet();
  }

  /** Answers the check that is under way: with a problem, where there is one. */
  async answer(problem?: string | Error): Promise<void> {
    assertEquals(this.asked.length, 1, "one check at a time");
    const check = this.asked.shift();
    if (problem === undefined) check?.resolve();
    else check?.reject(typeof problem === "string" ? new Error(problem) : problem);
    await this.quiet();
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await this.quiet();
  }

  /** Has somebody in the pool. */
  async take(id: string): Promise<void> {
    this.pool.connect(id, undefined, this.clock.now());
    await this.quiet();
  }

  async leave(id: string): Promise<void> {
    this.pool.disconnect(id, this.clock.now());
    await this.quiet();
  }

  connect(name: string): void {
    this.upstreams.connect(() => {}).socket.then((socket) =>
      this.log.push(`${name} ${socket === undefined ? "nothing" : "joined"}`)
    );
  }

  async accept(): Promise<void> {
    this.dials.shift()?.resolve(new FakeSocket(() => this.closed++));
    await this.quiet();
  }

  news(): string[] {
    const news = this.log.slice(this.#told);
    this.#told = this.log.length;
    return news;
  }
}

for (const kind of POOLS) {
  Deno.test(`HealthChecks.begin: asks at once, and then each interval${kind.name}`, async () => {
    const lab = new Lab(kind);
    await lab.begin();
    for (let turn = 0; turn < 3; turn++) {
      await lab.answer();
      await lab.advance(INTERVAL_MS - 1);
      assertEquals(lab.asked.length, 0);
      await lab.advance(1);
    }
    assertEquals([lab.asked.length, lab.news()], [1, []]);
  });

  Deno.test(`HealthChecks: without an interval, asks at the start alone${kind.name}`, async () => {
    const lab = new Lab(kind, { intervalMs: 0 });
    await lab.begin();
    await lab.answer();
    await lab.advance(100 * INTERVAL_MS);
    assertEquals([lab.asked.length, lab.clock.timers], [0, 0]);
  });

  Deno.test(`HealthChecks: a check has a place while it lasts, and is in no total${kind.name}`, async () => {
    const lab = new Lab(kind);
    const seen: string[] = [];
    lab.pool.observe({ changed: ({ id }) => seen.push(id) });
    await lab.begin();
    assertEquals([...lab.pool.clients("connected")].map(({ id }) => id), [CHECK_ID]);
    assertEquals(lab.pool.stats().active, 1);
    await lab.answer();
    const { active, connectedTotal, disconnectedTotal } = lab.pool.stats();
    assertEquals([active, connectedTotal, disconnectedTotal], [0, 0, 0]);
    assertEquals(seen, []);
  });

  Deno.test(`HealthChecks: is left out where no place is free${kind.name}`, async () => {
    const full = new Lab(kind);
    for (const id of ["a", "b", "c"]) await full.take(id);
    await full.begin();
    await full.advance(INTERVAL_MS);
    assertEquals([full.asked.length, full.pool.stats().rejectedTotal], [0, 0]);
    assertEquals(full.leftOut, 2);
  });

  Deno.test(`HealthChecks: a client that comes during a check waits for its place, also where nobody may${kind.name}`, async () => {
    const lab = new Lab(kind, { maxConnections: 1, backlogSize: 0 });
    await lab.begin();
    for (const id of ["a", "b"]) await lab.take(id);
    const { active, queued, rejectedTotal } = lab.pool.stats();
    assertEquals([active, queued, rejectedTotal], [1, 1, 1]);
    await lab.answer();
    assertEquals([...lab.pool.clients("connected")].map(({ id }) => id), ["a"]);
    await lab.take("c");
    assertEquals(lab.pool.stats().rejectedTotal, 2);
  });

  Deno.test(`HealthChecks: is left out where the upstream has shown since that it is there${kind.name}`, async () => {
    const lab = new Lab(kind);
    await lab.begin();
    await lab.answer();
    lab.connect("a");
    await lab.accept();
    await lab.advance(INTERVAL_MS);
    assertEquals(lab.asked.length, 0);
    lab.upstream.heard();
    await lab.advance(INTERVAL_MS);
    assertEquals(lab.asked.length, 0);
    await lab.advance(INTERVAL_MS);
    assertEquals(lab.asked.length, 1);
  });

  Deno.test(`HealthChecks: at the start one failure takes it down, later as many as fall says${kind.name}`, async () => {
    const lab = new Lab(kind);
    await lab.begin();
    await lab.answer("starting up");
    assertEquals(lab.news(), ["hold", "down: starting up"]);
    await lab.advance(100);
    await lab.answer();
    await lab.advance(100);
    await lab.answer();
    assertEquals(lab.news(), ["up", "release"]);
    for (let failure = 0; failure < 3; failure++) {
      assertEquals(lab.news(), []);
      await lab.advance(INTERVAL_MS);
      await lab.answer("gone");
    }
    assertEquals(lab.news(), ["hold", "down: gone"]);
  });

  Deno.test(`HealthChecks: while it is down, asks ever less often, and knows the latest reason${kind.name}`, async () => {
    const lab = new Lab(kind);
    await lab.begin();
    await lab.answer("refused");
    for (const ms of [100, 200, 400, 800, 1000, 1000]) {
      await lab.advance(ms - 1);
      assertEquals(lab.asked.length, 0, `before ${ms}`);
      await lab.advance(1);
      await lab.answer(`after ${ms}`);
      assertEquals(lab.upstream.down, `after ${ms}`);
    }
    assertEquals(lab.news(), ["hold", "down: refused"]);
  });

  Deno.test(`HealthChecks: those who wait while it is down are let go when it has risen, not before${kind.name}`, async () => {
    const lab = new Lab(kind);
    await lab.begin();
    await lab.answer("starting up");
    lab.connect("a");
    await lab.advance(100);
    await lab.answer();
    assertEquals([lab.dials.length, lab.upstream.up], [0, false]);
    await lab.advance(100);
    await lab.answer();
    await lab.accept();
    assertEquals(lab.news().slice(2), ["up", "release", "a joined"]);
  });

  Deno.test(`HealthChecks.fell: a refused client is enough, and a connection alone does not take it up${kind.name}`, async () => {
    const lab = new Lab(kind);
    await lab.begin();
    await lab.answer();
    lab.connect("a");
    lab.connect("b");
    lab.dials.shift()?.reject(new Error("refused"));
    await lab.quiet();
    assertEquals(lab.news(), ["hold", "down: refused"]);
    await lab.accept();
    assertEquals([lab.news(), lab.closed, lab.upstream.up], [[], 1, false]);
    for (let success = 0; success < 2; success++) {
      await lab.advance(100);
      await lab.answer();
    }
    assertEquals([lab.news(), lab.dials.length], [["up", "release"], 2]);
  });

  Deno.test(`HealthChecks.suspect: nobody goes there until it has been asked, once where it is fine${kind.name}`, async () => {
    const lab = new Lab(kind);
    await lab.begin();
    await lab.answer();
    lab.checks.suspect();
    lab.checks.suspect();
    lab.connect("a");
    await lab.quiet();
    assertEquals([lab.news(), lab.dials.length], [["hold"], 0]);
    await lab.answer();
    assertEquals([lab.news(), lab.dials.length], [["release"], 1]);
  });

  Deno.test(`HealthChecks.suspect: one failure then takes it down${kind.name}`, async () => {
    const lab = new Lab(kind);
    await lab.begin();
    await lab.answer();
    lab.checks.suspect();
    await lab.answer("shutting down");
    assertEquals(lab.news(), ["hold", "down: shutting down"]);
  });

  Deno.test(`HealthChecks.suspect: what was asked before says nothing${kind.name}`, async () => {
    const lab = new Lab(kind);
    await lab.begin();
    lab.checks.suspect();
    await lab.answer();
    assertEquals([lab.news(), lab.upstream.held], [["hold"], true]);
    await lab.advance(100);
    await lab.answer();
    assertEquals(lab.news(), ["release"]);
  });

  Deno.test(`HealthChecks: while nobody is let in, a check has a free place, or that of one who waits${kind.name}`, async () => {
    const lab = new Lab(kind);
    await lab.begin();
    await lab.answer();
    for (const id of ["a", "b"]) await lab.take(id);
    lab.checks.suspect();
    await lab.advance(500);
    assertEquals(lab.asked.length, 0, "both may have their connections still");
    await lab.leave("a");
    await lab.advance(20);
    await lab.answer();
    assertEquals(lab.news(), ["hold", "release"]);
    await lab.take("c");
    lab.checks.suspect();
    lab.connect("c");
    await lab.advance(20);
    await lab.answer();
    assertEquals(lab.news(), ["hold", "release"]);
  });

  Deno.test(`HealthChecks: a want of our own is no news of it${kind.name}`, async () => {
    const lab = new Lab(kind);
    await lab.begin();
    await lab.answer(new LocalShortage("Too many open files", true));
    assertEquals(lab.news(), []);
    lab.checks.suspect();
    await lab.answer(new LocalShortage("Too many open files", true));
    assertEquals([lab.news(), lab.upstream.up, lab.upstream.held], [["hold"], true, true]);
    await lab.advance(200);
    await lab.answer();
    assertEquals(lab.news(), ["release"]);
  });

  Deno.test(`HealthChecks: a client of its name keeps its place, and is not asked for${kind.name}`, async () => {
    const lab = new Lab(kind);
    await lab.take(CHECK_ID);
    await lab.begin();
    assertEquals([lab.asked.length, lab.pool.stats().active], [0, 1]);
  });
}
