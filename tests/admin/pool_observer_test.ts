/**
 * The observer of a pool as transcripts: one step a line, with what there is afterwards behind the
 * arrow: who has a place and who waits, each with the seconds in that state, then what was measured
 * in this step.
 */

import { assertEquals } from "@std/assert";
import { PoolObserver, type Stopwatch } from "../../lib/admin/pool_observer.ts";
import { type Client, REJECT_REASONS, type RejectReason } from "../../lib/pool/client.ts";
import { MemoryPool } from "../../lib/pool/memory_pool.ts";
import { anyLimits, anyOperations, PoolModel, PoolSubject } from "../support/pool_model.ts";
import { fc } from "../support/property.ts";
import { raise } from "../support/raise.ts";

class Measured implements Stopwatch {
  times: string[] = [];

  waited(outcome: string, seconds: number): void {
    this.times.push(`waited ${seconds} ${outcome}`);
  }

  held(seconds: number): void {
    this.times.push(`held ${seconds}`);
  }
}

/** An observed pool with one place, and what is done to it. */
class Stage {
  readonly measured = new Measured();
  readonly observer = new PoolObserver(this.measured);
  readonly #pool = new MemoryPool({ maxConnections: 1, backlogSize: 9 }, raise);
  #now = 5000;

  constructor() {
    this.#pool.observe(this.observer);
  }

  perform(step: string): string {
    const [verb, first = "", reason] = step.split(/ +/);
    const pool = this.#pool;
    const now = this.#now;
    this.measured.times = [];
    if (verb === "connect") pool.connect(first, undefined, now);
    if (verb === "reject") pool.reject("", first as RejectReason, now);
    if (verb === "leave") pool.leave(pool.find(first)!, now, reason as RejectReason | undefined);
    if (verb === "disconnect") pool.disconnect(first, now);
    if (verb === "places") pool.configure({ maxConnections: Number(first), backlogSize: 9 }, now);
    if (verb === "pass") this.#now += 1000 * Number(first);
    const said = this.measured.times.map((time) => `; ${time}`).join("");
    return `${this.#list("connected")} | ${this.#list("queued")}${said}`;
  }

  #list(state: "connected" | "queued"): string {
    const seconds = ({ since }: Client) => (this.#now - since) / 1000;
    const clients = [...this.#pool.clients(state)];
    return clients.map((client) => `${client.id} ${seconds(client)}`).join(", ") || "-";
  }
}

function transcript(name: string, script: string): void {
  Deno.test(name, () => {
    const stage = new Stage();
    const steps = script.trim().split("\n").map((line) => line.trim().split(/ +-> /)[0] ?? "");
    const performed = steps.map((step) => `${step} -> ${stage.perform(step)}`);
    const expected = script.trim().split("\n").map((line) => line.trim().replace(/ +-> /, " -> "));
    assertEquals(performed, expected);
  });
}

/** An observer that has seen all these steps. */
function observed(...steps: string[]): PoolObserver {
  const stage = new Stage();
  for (const step of steps) stage.perform(step);
  return stage.observer;
}

transcript(
  "PoolObserver.changed: measures how long each waited for its place, and had it",
  `
  connect a  -> a 0 | -
  pass 2     -> a 2 | -
  connect b  -> a 2 | b 0
  connect c  -> a 2 | b 0, c 0
  connect d  -> a 2 | b 0, c 0, d 0
  pass 1     -> a 3 | b 1, c 1, d 1
  leave a    -> b 0 | c 1, d 1; held 3; waited 1 promoted
  pass 4     -> b 4 | c 5, d 5
  places 2   -> b 4, c 0 | d 5; waited 5 promoted
  places 1   -> b 4, c 0 | d 5
  leave b    -> c 0 | d 5; held 4
  `,
);

transcript(
  "PoolObserver.changed: measures a wait by how it ended, and not one that poolgate's own end cut short",
  `
  places 0               -> - | -
  connect a              -> - | a 0
  connect b              -> - | a 0, b 0
  connect c              -> - | a 0, b 0, c 0
  connect d              -> - | a 0, b 0, c 0, d 0
  pass 3                 -> - | a 3, b 3, c 3, d 3
  leave b                -> - | a 3, c 3, d 3; waited 3 abandoned
  leave a queue_timeout  -> - | c 3, d 3; waited 3 timeout
  disconnect d           -> - | c 3; waited 3 abandoned
  connect e              -> - | c 3, e 0
  leave e paused         -> - | c 3; waited 0 timeout
  connect f              -> - | c 3, f 0
  leave f upstream_down  -> - | c 3; waited 0 timeout
  leave c draining       -> - | -
  `,
);

transcript(
  "PoolObserver.changed: measures a place by how long it was held, however that ended",
  `
  places 3                -> - | -
  connect a               -> a 0 | -
  connect b               -> a 0, b 0 | -
  connect c               -> a 0, b 0, c 0 | -
  pass 2                  -> a 2, b 2, c 2 | -
  leave a upstream_down   -> b 2, c 2 | -; held 2
  disconnect b            -> c 2 | -; held 2
  leave c                 -> - | -; held 2
  reject per_source       -> - | -
  `,
);

Deno.test("PoolObserver.rejections: counts by reason, on arrival, after a wait, and with a place", () => {
  const full = Array.from({ length: 10 }, (_, n) => `connect q${n}`);
  const observer = observed(
    ...["connect a", ...full, "reject per_source"],
    ...["leave q0 queue_timeout", "leave a upstream_down", "disconnect q1", "leave q2"],
  );
  assertEquals(observer.rejections, {
    backlog_full: 1,
    queue_timeout: 1,
    per_source: 1,
    waiting_per_source: 0,
    draining: 0,
    upstream_down: 1,
    paused: 0,
    cluster_down: 0,
  });
});

Deno.test("PoolObserver.evictions: counts by the limit of time, and neither requests nor rejections", () => {
  const observer = observed(
    ...["connect a", "connect b", "connect c", "connect d", "connect e"],
    ...["leave a idle_timeout", "leave b max_lifetime", "leave c max_lifetime"],
    ...["disconnect d", "leave e upstream_down", "reject per_source"],
  );
  assertEquals(observer.evictions, { idle_timeout: 1, max_lifetime: 2, cluster_lost: 0 });
});

Deno.test("PoolObserver.abandoned: counts those that left the backlog and were not rejected", () => {
  const observer = observed(
    ...["places 0", "connect a", "connect b", "connect c", "connect d", "connect e"],
    ...["leave a", "leave b queue_timeout", "leave c draining", "disconnect d"],
    ...["places 1", "leave e"],
  );
  assertEquals(observer.abandoned, 2);
});

/** What a client is told whose time in the queue is up. */
const TIMEOUTS = ["queue_timeout", "paused", "upstream_down"];

Deno.test("PoolObserver: its sums are those of the model, after every operation", () => {
  fc.assert(
    fc.property(anyLimits, anyOperations, (start, operations) => {
      const subject = new PoolSubject(new MemoryPool(start, raise), 0);
      const model = new PoolModel(start, 0);
      const waits = { promoted: 0, timeout: 0, abandoned: 0 };
      let held = 0;
      const observer = new PoolObserver({
        waited: (outcome) => waits[outcome]++,
        held: () => held++,
      });
      subject.pool.observe(observer);
      for (const operation of operations) {
        subject.perform(operation);
        model.perform(operation);
        const { queuedTotal, connectedTotal, promotedTotal, rejectedTotal } = model.totals;
        const shown = model.told.filter(({ to }) => to === "observer");
        const rejected = REJECT_REASONS.map((why) => shown.filter(({ reason }) => reason === why));
        assertEquals(Object.values(observer.rejections), rejected.map(({ length }) => length));
        const later = shown.filter(({ state, reason }) =>
          state === "left" && reason !== undefined && reason !== "evicted"
        );
        const sum = Object.values(observer.rejections).reduce((sum, count) => sum + count, 0);
        assertEquals(sum, rejectedTotal + later.length);
        assertEquals(held, connectedTotal + promotedTotal - model.connected.length);
        assertEquals(waits.promoted, promotedTotal);
        assertEquals(waits.abandoned, observer.abandoned);
        const unmeasured = later.filter(({ from, reason }) =>
          from === "queued" && !TIMEOUTS.some((timeout) => timeout === reason)
        );
        const measured = waits.promoted + waits.timeout + waits.abandoned;
        assertEquals(measured, queuedTotal - model.queued.length - unmeasured.length);
      }
    }),
    { numRuns: 200 },
  );
});
