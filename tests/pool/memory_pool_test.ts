/**
 * The pool as transcripts: one operation a line, with what it must come to behind the arrow.
 *
 *   config 2 1           -> promoted: -; 0+0     the clients let in, then active+queued
 *   connect a            -> connected 1+0        with `later`, one that leaves later when evicted
 *   disconnect a         -> promoted: b; 1+0     who got the place
 *   leave a              -> 1+0                  by its holder; with a reason where it is rejected
 *   pause                -> paused               because the upstream is down, or for a reason given
 *   resume               -> promoted: a b; 2+0   the end of that pause
 *   paused               -> no                   whether an operator has paused the pool
 *   reject               -> rejected 2+0         with a reason, or for draining
 *   full                 -> no                   whether a new client would be rejected
 *   room                 -> yes                  whether a new client would have a place
 *   stats                -> 2/1 1+0 c1 q0 p0 r0 d0     limits, counts, the five totals
 *   clients              -> a b | c              who is connected, and who waits
 *   pass 5               -> 5                    milliseconds go by; what the clock says
 *   record a             -> connected 1+0 since 5 waited 3     the last record that a client has had
 *
 * In a transcript of what is told, there stands behind the arrow who hears what, in order: an
 * observer as `see CLIENT OLD>NEW MS`, with how long the client was in its old state, or
 * `see limits OLD -> NEW`, `see paused` or `see resumed`; a holder as `tell CLIENT STATE ACTIVE+QUEUED`; both with the reason.
 */

import { assertEquals, assertThrows } from "@std/assert";
import type { Client, Counts, PauseReason, RejectReason } from "../../lib/pool/client.ts";
import type { Limits } from "../../lib/pool/limits.ts";
import { MemoryPool } from "../../lib/pool/memory_pool.ts";
import { raise } from "../support/raise.ts";

const START: Limits = { maxConnections: 2, backlogSize: 2 };

/** A pool, a clock, and everything that is told. */
class Stage {
  readonly pool = new MemoryPool(START, raise);
  /** What was told in this step. */
  heard: string[] = [];
  #now = 0;
  #records = new Map<string, Client>();

  observe(name = "see"): void {
    this.pool.observe({
      changed: (client, from, ms) =>
        this.heard.push(
          `${name} ${client.id || "-"} ${from}>${client.state}${because(client)} ${ms}`,
        ),
      configured: (before, after) =>
        this.heard.push(`${name} limits ${limits(before)} -> ${limits(after)}`),
      paused: (paused) => this.heard.push(`${name} ${paused ? "paused" : "resumed"}`),
    });
  }

  /** Carries out one step; returns what that came to. */
  step(operation: string): string {
    this.heard = [];
    const [verb = "", first = "", second = ""] = operation.split(/ +/);
    const { pool } = this;
    const now = this.#now;
    switch (verb) {
      case "config": {
        const done = pool.configure(
          { maxConnections: Number(first), backlogSize: Number(second) },
          now,
        );
        assertEquals(done.promoted, this.#promoted.length);
        return `promoted: ${this.#promoted.join(" ") || "-"}; ${counts(done)}`;
      }
      case "connect": {
        const changed = (client: Client) => this.#tell(client);
        const client = pool.connect(first, { changed, leavesLater: second === "later" }, now);
        this.#records.set(first, client);
        return `${client.state} ${counts(client)}`;
      }
      case "disconnect": {
        const done = pool.disconnect(first, now);
        return done ? `promoted: ${done.promoted ?? "-"}; ${counts(done)}` : "not in the pool";
      }
      case "leave":
        pool.leave(this.record(first), now, (second || undefined) as RejectReason | undefined);
        return counts(pool.own);
      case "pause":
        assertEquals(pool.pause((first || "upstream_down") as PauseReason), pool.own);
        return "paused";
      case "resume": {
        const done = pool.resume((first || "upstream_down") as PauseReason, now);
        assertEquals(done.promoted, this.#promoted.length);
        return `promoted: ${this.#promoted.join(" ") || "-"}; ${counts(done)}`;
      }
      case "paused":
        return pool.paused ? "yes" : "no";
      case "reject": {
        const client = pool.reject(first, (second || "draining") as RejectReason, now);
        return `${client.state} ${counts(client)}`;
      }
      case "full":
        return pool.full ? "yes" : "no";
      case "room":
        return pool.hasRoom ? "yes" : "no";
      case "stats": {
        const s = pool.stats();
        return `${limits(s)} ${counts(s)} c${s.connectedTotal} ` +
          `q${s.queuedTotal} p${s.promotedTotal} r${s.rejectedTotal} d${s.disconnectedTotal}`;
      }
      case "clients":
        return `${ids(pool.clients("connected"))} | ${ids(pool.clients("queued"))}`;
      case "pass":
        return `${this.#now += Number(first)}`;
      case "record": {
        const client = this.record(first);
        const { state, since, waited } = client;
        return `${state}${because(client)} ${counts(client)} since ${since} waited ${waited}`;
      }
    }
    throw new Error(`no such operation: ${operation}`);
  }

  record(id: string): Client {
    const client = this.#records.get(id);
    if (client === undefined) throw new Error(`${id} has never connected`);
    return client;
  }

  /** Those whose holders have heard in this step that they are connected. */
  get #promoted(): string[] {
    return this.heard.flatMap((line) => /^tell (\S+) connected/.exec(line)?.[1] ?? []);
  }

  #tell(client: Client): void {
    const { id, state } = client;
    this.heard.push(`tell ${id} ${state}${because(client)} ${counts(client)}`);
  }
}

function counts({ active, queued }: Counts): string {
  return `${active}+${queued}`;
}

function limits({ maxConnections, backlogSize }: Limits): string {
  return `${maxConnections}/${backlogSize}`;
}

function because({ reason }: Client): string {
  return reason === undefined ? "" : ` ${reason}`;
}

function ids(clients: Iterable<Client>): string {
  return [...clients].map(({ id }) => id).join(" ") || "-";
}

function lines(script: string): string[] {
  return script.trim().split("\n").map((line) => line.trim().replace(/ +-> /, " -> "));
}

/** What each operation comes to. */
function transcript(name: string, script: string): void {
  Deno.test(name, () => {
    const stage = new Stage();
    const steps = lines(script).map((line) => line.split(" -> ")[0] ?? "");
    assertEquals(steps.map((step) => `${step} -> ${stage.step(step)}`), lines(script));
  });
}

/** What is told because of each operation, and in which order. */
function told(name: string, script: string): void {
  Deno.test(name, () => {
    const stage = new Stage();
    stage.observe();
    const steps = lines(script).map((line) => line.split(" -> ")[0] ?? "");
    const performed = steps.map((step) => {
      stage.step(step);
      return `${step} -> ${stage.heard.join(", ") || "-"}`;
    });
    assertEquals(performed, lines(script));
  });
}

transcript(
  "MemoryPool.connect: lets two in, queues two, rejects the rest",
  `
  connect a  -> connected 1+0
  connect b  -> connected 2+0
  connect c  -> queued 2+1
  connect d  -> queued 2+2
  connect e  -> rejected 2+2
  stats      -> 2/2 2+2 c2 q2 p0 r1 d0
  clients    -> a b | c d
  `,
);

transcript(
  "MemoryPool.connect: asking again changes nothing, also not the place in the queue",
  `
  connect a     -> connected 1+0
  connect a     -> connected 1+0
  connect b     -> connected 2+0
  connect c     -> queued 2+1
  connect d     -> queued 2+2
  connect c     -> queued 2+2
  stats         -> 2/2 2+2 c2 q2 p0 r0 d0
  disconnect a  -> promoted: c; 2+1
  connect c     -> connected 2+1
  clients       -> b c | d
  `,
);

transcript(
  "MemoryPool.connect: a rejected client is not in the pool",
  `
  config 0 0    -> promoted: -; 0+0
  connect a     -> rejected 0+0
  connect a     -> rejected 0+0
  clients       -> - | -
  disconnect a  -> not in the pool
  stats         -> 0/0 0+0 c0 q0 p0 r2 d0
  `,
);

transcript(
  "MemoryPool.disconnect: promotes in order of arrival, then empties",
  `
  connect a     -> connected 1+0
  connect b     -> connected 2+0
  connect c     -> queued 2+1
  connect d     -> queued 2+2
  disconnect b  -> promoted: c; 2+1
  disconnect a  -> promoted: d; 2+0
  disconnect d  -> promoted: -; 1+0
  disconnect c  -> promoted: -; 0+0
  disconnect c  -> not in the pool
  stats         -> 2/2 0+0 c2 q2 p2 r0 d4
  `,
);

transcript(
  "MemoryPool.disconnect: a client leaves the head, the middle and the end of the queue",
  `
  config 1 4    -> promoted: -; 0+0
  connect a     -> connected 1+0
  connect b     -> queued 1+1
  connect c     -> queued 1+2
  connect d     -> queued 1+3
  connect e     -> queued 1+4
  disconnect c  -> promoted: -; 1+3
  disconnect e  -> promoted: -; 1+2
  disconnect b  -> promoted: -; 1+1
  connect c     -> queued 1+2
  clients       -> a | d c
  disconnect a  -> promoted: d; 1+1
  disconnect d  -> promoted: c; 1+0
  stats         -> 1/4 1+0 c1 q5 p2 r0 d5
  `,
);

transcript(
  "MemoryPool.configure: raising the limit promotes from the head at once",
  `
  config 1 3  -> promoted: -; 0+0
  connect a   -> connected 1+0
  connect b   -> queued 1+1
  connect c   -> queued 1+2
  connect d   -> queued 1+3
  config 3 3  -> promoted: b c; 3+1
  config 9 0  -> promoted: d; 4+0
  connect e   -> connected 5+0
  `,
);

transcript(
  "MemoryPool.configure: lowering the limits drops nobody, and nobody enters until there is room",
  `
  connect a     -> connected 1+0
  connect b     -> connected 2+0
  connect c     -> queued 2+1
  connect d     -> queued 2+2
  config 1 0    -> promoted: -; 2+2
  connect e     -> rejected 2+2
  disconnect a  -> promoted: -; 1+2
  disconnect b  -> promoted: c; 1+1
  disconnect c  -> promoted: d; 1+0
  connect e     -> rejected 1+0
  `,
);

transcript(
  "MemoryPool.configure: zero pauses admission, and more resumes it",
  `
  connect a     -> connected 1+0
  config 0 2    -> promoted: -; 1+0
  connect b     -> queued 1+1
  disconnect a  -> promoted: -; 0+1
  connect c     -> queued 0+2
  connect d     -> rejected 0+2
  config 2 2    -> promoted: b c; 2+0
  `,
);

Deno.test("MemoryPool.configure: one limit alone leaves the other as it is", () => {
  const pool = new MemoryPool({ maxConnections: 1, backlogSize: 2 }, raise);
  pool.configure({ backlogSize: 9 }, 0);
  assertEquals(pool.limits, { maxConnections: 1, backlogSize: 9 });
  pool.configure({ maxConnections: 5 }, 0);
  assertEquals(pool.limits, { maxConnections: 5, backlogSize: 9 });
});

transcript(
  "MemoryPool.pause: nobody is let in, whatever room there is or is made, until resume",
  `
  config 1 4    -> promoted: -; 0+0
  connect a     -> connected 1+0
  pause         -> paused
  disconnect a  -> promoted: -; 0+0
  connect b     -> queued 0+1
  connect c     -> queued 0+2
  config 9 2    -> promoted: -; 0+2
  connect d     -> rejected 0+2
  resume        -> promoted: b c; 2+0
  resume        -> promoted: -; 2+0
  connect d     -> connected 3+0
  `,
);

transcript(
  "MemoryPool.pause: nobody is let in for one that its holder takes out, either",
  `
  connect a  -> connected 1+0
  connect b  -> connected 2+0
  connect c  -> queued 2+1
  connect d  -> queued 2+2
  pause      -> paused
  leave a    -> 1+2
  leave b    -> 0+2
  config 2 3 -> promoted: -; 0+2
  connect e  -> queued 0+3
  resume     -> promoted: c d; 2+1
  `,
);

transcript(
  "MemoryPool.pause: of two pauses, neither ends the other",
  `
  connect a             -> connected 1+0
  paused                -> no
  pause paused          -> paused
  paused                -> yes
  pause upstream_down   -> paused
  connect b             -> queued 1+1
  resume upstream_down  -> promoted: -; 1+1
  leave a               -> 0+1
  paused                -> yes
  pause upstream_down   -> paused
  resume paused         -> promoted: -; 0+1
  paused                -> no
  connect c             -> queued 0+2
  resume upstream_down  -> promoted: b c; 2+0
  `,
);

transcript(
  "MemoryPool.pause: a second one by an operator changes nothing, and one resume ends both",
  `
  pause paused   -> paused
  pause paused   -> paused
  connect a      -> queued 0+1
  resume paused  -> promoted: a; 1+0
  resume paused  -> promoted: -; 1+0
  paused         -> no
  `,
);

transcript(
  "MemoryPool.pause: beyond the backlog, the reason is the pause where there are places, an operator's first",
  `
  config 1 0            -> promoted: -; 0+0
  pause paused          -> paused
  connect a             -> rejected 0+0
  record a              -> rejected paused 0+0 since 0 waited 0
  pause upstream_down   -> paused
  connect a             -> rejected 0+0
  record a              -> rejected paused 0+0 since 0 waited 0
  resume paused         -> promoted: -; 0+0
  connect a             -> rejected 0+0
  record a              -> rejected upstream_down 0+0 since 0 waited 0
  resume upstream_down  -> promoted: -; 0+0
  connect b             -> connected 1+0
  pause paused          -> paused
  connect a             -> rejected 1+0
  record a              -> rejected backlog_full 1+0 since 0 waited 0
  `,
);

transcript(
  "MemoryPool.reject: counts one that is rejected, and changes nothing else",
  `
  reject     -> rejected 0+0
  connect a  -> connected 1+0
  reject a   -> rejected 1+0
  stats      -> 2/2 1+0 c1 q0 p0 r2 d0
  clients    -> a | -
  `,
);

transcript(
  "MemoryPool.hasRoom: is whether a new client would have a place",
  `
  config 1 1      -> promoted: -; 0+0
  room            -> yes
  connect a       -> connected 1+0
  room            -> no
  disconnect a    -> promoted: -; 0+0
  pause           -> paused
  room            -> no
  resume          -> promoted: -; 0+0
  room            -> yes
  config 0 1      -> promoted: -; 0+0
  room            -> no
  `,
);

transcript(
  "MemoryPool.full: is whether a new client would be rejected",
  `
  config 1 1      -> promoted: -; 0+0
  full            -> no
  connect a       -> connected 1+0
  full            -> no
  connect b       -> queued 1+1
  full            -> yes
  disconnect b    -> promoted: -; 1+0
  full            -> no
  config 1 0      -> promoted: -; 1+0
  full            -> yes
  disconnect a    -> promoted: -; 0+0
  full            -> no
  pause           -> paused
  full            -> yes
  config 1 1      -> promoted: -; 0+0
  full            -> no
  resume          -> promoted: -; 0+0
  full            -> no
  `,
);

transcript(
  "MemoryPool: a record says since when a client is in its state, and how long it waited before",
  `
  config 1 4  -> promoted: -; 0+0
  pass 5      -> 5
  connect a   -> connected 1+0
  record a    -> connected 1+0 since 5 waited 0
  connect b   -> queued 1+1
  connect c   -> queued 1+2
  connect d   -> queued 1+3
  pass 2      -> 7
  record b    -> queued 1+1 since 5 waited 0
  leave a     -> 1+2
  record a    -> left 1+2 since 7 waited 0
  record b    -> connected 1+2 since 7 waited 2
  pass 4      -> 11
  leave c     -> 1+1
  record c    -> left 1+1 since 11 waited 6
  leave b     -> 1+0
  record b    -> left 1+0 since 11 waited 2
  record d    -> connected 1+0 since 11 waited 6
  `,
);

transcript(
  "MemoryPool.connect: asking again renews the counts of the record, and nothing else of it",
  `
  config 1 4  -> promoted: -; 0+0
  connect a   -> connected 1+0
  connect b   -> queued 1+1
  pass 3      -> 3
  connect c   -> queued 1+2
  record b    -> queued 1+1 since 0 waited 0
  connect b   -> queued 1+2
  record b    -> queued 1+2 since 0 waited 0
  `,
);

transcript(
  "MemoryPool: a record says why its client was rejected or evicted, and nothing where it left by itself",
  `
  config 1 1             -> promoted: -; 0+0
  connect a              -> connected 1+0
  connect b              -> queued 1+1
  connect c              -> rejected 1+1
  record c               -> rejected backlog_full 1+1 since 0 waited 0
  leave b queue_timeout  -> 1+0
  record b               -> left queue_timeout 1+0 since 0 waited 0
  disconnect a           -> promoted: -; 0+0
  record a               -> left evicted 0+0 since 0 waited 0
  connect d              -> connected 1+0
  leave d                -> 0+0
  record d               -> left 0+0 since 0 waited 0
  `,
);

transcript(
  "MemoryPool.connect: one that has left comes with a new record",
  `
  connect a              -> connected 1+0
  leave a upstream_down  -> 0+0
  pass 3                 -> 3
  connect a              -> connected 1+0
  record a               -> connected 1+0 since 3 waited 0
  `,
);

told(
  "MemoryPool.disconnect: tells who was evicted, then who is let in, with the counts",
  `
  config 1 9    -> see limits 2/2 -> 1/9
  connect a     -> see a asking>connected 0
  connect b     -> see b asking>queued 0
  connect c     -> see c asking>queued 0
  pass 5        -> -
  disconnect a  -> see a connected>left evicted 5, see b queued>connected 5, tell a left evicted 1+1, tell b connected 1+1
  disconnect c  -> see c queued>left evicted 5, tell c left evicted 1+0
  `,
);

told(
  "MemoryPool.leave: does not tell the holder of the one that leaves",
  `
  config 1 9             -> see limits 2/2 -> 1/9
  connect a              -> see a asking>connected 0
  connect b              -> see b asking>queued 0
  connect c              -> see c asking>queued 0
  pass 3                 -> -
  leave a                -> see a connected>left 3, see b queued>connected 3, tell b connected 1+1
  pass 1                 -> -
  leave b upstream_down  -> see b connected>left upstream_down 1, see c queued>connected 4, tell c connected 1+0
  leave c                -> see c connected>left 0
  `,
);

told(
  "MemoryPool.configure: shows the limits, then all that are let in, then tells each, with the counts after all",
  `
  config 1 10  -> see limits 2/2 -> 1/10
  connect a    -> see a asking>connected 0
  connect b    -> see b asking>queued 0
  connect c    -> see c asking>queued 0
  pass 2       -> -
  config 9 0   -> see limits 1/10 -> 9/0, see b queued>connected 2, see c queued>connected 2, tell b connected 3+0, tell c connected 3+0
  `,
);

told(
  "MemoryPool.resume: shows all that are let in, then tells each; a pause tells nobody",
  `
  config 0 9  -> see limits 2/2 -> 0/9
  connect a   -> see a asking>queued 0
  connect b   -> see b asking>queued 0
  config 1 9  -> see limits 0/9 -> 1/9, see a queued>connected 0, tell a connected 1+1
  pause       -> -
  config 3 9  -> see limits 1/9 -> 3/9
  pass 8      -> -
  resume      -> see b queued>connected 8, tell b connected 2+0
  resume      -> -
  `,
);

told(
  "MemoryPool.pause: shows that an operator has paused or resumed, once, before who is let in",
  `
  pause paused   -> see paused
  pause paused   -> -
  connect a      -> see a asking>queued 0
  pause          -> -
  resume         -> -
  resume paused  -> see resumed, see a queued>connected 0, tell a connected 1+0
  resume paused  -> -
  `,
);

told(
  "MemoryPool.observe: a client is shown when it comes, once, also when it is rejected",
  `
  config 1 1           -> see limits 2/2 -> 1/1
  connect a            -> see a asking>connected 0
  connect a            -> -
  connect b            -> see b asking>queued 0
  connect b            -> -
  connect c            -> see c asking>rejected backlog_full 0
  reject d per_source  -> see d asking>rejected per_source 0
  disconnect c         -> -
  full                 -> -
  stats                -> -
  `,
);

Deno.test("MemoryPool.observe: each observer is shown everything before the first holder is told", () => {
  const stage = new Stage();
  for (const name of ["one", "two"]) stage.observe(name);
  for (const step of ["config 1 9", "connect a", "connect b"]) stage.step(step);
  stage.step("disconnect a");
  assertEquals(stage.heard, [
    ...["one a connected>left evicted 0", "two a connected>left evicted 0"],
    ...["one b queued>connected 0", "two b queued>connected 0"],
    ...["tell a left evicted 1+0", "tell b connected 1+0"],
  ]);
});

Deno.test("MemoryPool.observe: an observer may want to hear of the limits or of the clients only", () => {
  const pool = new MemoryPool({ maxConnections: 1, backlogSize: 1 }, raise);
  const heard: unknown[] = [];
  pool.observe({ configured: (before, after) => heard.push([before, after]) });
  pool.observe({ changed: ({ id }) => heard.push(id) });
  pool.connect("a", undefined, 0);
  pool.configure({ maxConnections: 2, backlogSize: 3 }, 0);
  assertEquals(heard, ["a", [
    { maxConnections: 1, backlogSize: 1 },
    { maxConnections: 2, backlogSize: 3 },
  ]]);
});

Deno.test("MemoryPool.connect: the first holder is told, until the client leaves", () => {
  const pool = new MemoryPool({ maxConnections: 1, backlogSize: 9 }, raise);
  const heard: string[] = [];
  const holder = (name: string) => ({
    changed: ({ id, state }: Client) => heard.push(`${name}: ${id} ${state}`),
  });
  const a = pool.connect("a", holder("first"), 0);
  const b = pool.connect("b", holder("first"), 0);
  assertEquals(pool.connect("b", holder("second"), 0) === b, true);
  pool.leave(a, 0);
  assertEquals(heard, ["first: b connected"]);
  pool.disconnect("b", 0);
  pool.connect("b", holder("next"), 0);
  pool.disconnect("b", 0);
  assertEquals(heard, ["first: b connected", "first: b left", "next: b left"]);
});

Deno.test("MemoryPool.connect: a client without a holder is let in and taken out, and nobody is told", () => {
  const pool = new MemoryPool({ maxConnections: 1, backlogSize: 9 }, raise);
  const [a, b] = ["a", "b"].map((id) => pool.connect(id, undefined, 0));
  pool.leave(a!, 0);
  assertEquals([a!.state, b!.state, b!.holder], ["left", "connected", undefined]);
  assertEquals(pool.disconnect("b", 0), { promoted: null, active: 0, queued: 0 });
});

Deno.test("MemoryPool.leave: of a client that is not in the pool is a bug, and changes nothing", () => {
  const pool = new MemoryPool({ maxConnections: 1, backlogSize: 0 }, raise);
  const a = pool.connect("a", undefined, 0);
  const rejected = [pool.connect("b", undefined, 0), pool.reject("c", "draining", 0)];
  const of = (client: Client) => () => pool.leave(client, 0);
  for (const client of rejected) {
    assertThrows(of(client), Error, "BUG: a client that is rejected cannot leave");
  }
  pool.leave(a, 0);
  assertThrows(of(a), Error, "BUG: a client that is left cannot leave");
  const again = pool.connect("a", undefined, 0);
  assertThrows(of(a), Error, "BUG:");
  const { disconnectedTotal, active } = pool.stats();
  assertEquals([disconnectedTotal, active, pool.find("a") === again], [1, 1, true]);
});

Deno.test("MemoryPool.leave: of a client of another pool is a bug, and changes nothing", () => {
  const pool = new MemoryPool({ maxConnections: 1, backlogSize: 0 }, raise);
  const other = new MemoryPool({ maxConnections: 1, backlogSize: 0 }, raise);
  pool.connect("a", undefined, 0);
  const stranger = other.connect("a", undefined, 0);
  const before = pool.stats();
  assertThrows(() => pool.leave(stranger, 0), Error, "BUG:");
  assertEquals([pool.stats(), pool.own], [before, { active: 1, queued: 0 }]);
});

Deno.test("MemoryPool.disconnect: of nobody tells nobody", () => {
  const stage = new Stage();
  stage.observe();
  stage.step("connect a");
  assertEquals([stage.step("disconnect nobody"), stage.heard], ["not in the pool", []]);
});

Deno.test("MemoryPool.find: is the record of a client, and its holder's traffic, while it is in the pool", () => {
  const pool = new MemoryPool({ maxConnections: 1, backlogSize: 0 }, raise);
  const traffic = { received: 1, sent: 2 };
  const a = pool.connect("a", { changed: () => {}, traffic }, 0);
  pool.reject("b", "per_source", 0);
  assertEquals([pool.find("a") === a, pool.find("b")], [true, undefined]);
  assertEquals(pool.find("a")?.holder?.traffic, traffic);
  pool.leave(a, 0);
  assertEquals(pool.find("a"), undefined);
});

Deno.test("MemoryPool: has the whole pool to itself, and no gates to describe", () => {
  const stage = new Stage();
  for (const step of ["connect a", "connect b", "connect c"]) stage.step(step);
  const { pool } = stage;
  const { active, queued } = pool.stats();
  assertEquals(pool.own, { active, queued });
  assertEquals(pool.describe(), { gates: [], cluster: undefined });
});

Deno.test("MemoryPool.stats: is a copy, which later changes leave alone", () => {
  const pool = new MemoryPool({ maxConnections: 1, backlogSize: 1 }, raise);
  const before = pool.stats();
  const copy = { ...before };
  pool.connect("a", undefined, 0);
  pool.configure({ maxConnections: 3, backlogSize: 3 }, 0);
  assertEquals(before, copy);
  before.maxConnections = 9;
  assertEquals(pool.limits, { maxConnections: 3, backlogSize: 3 });
});

Deno.test("MemoryPool.configure: keeps no more of its argument than the two limits", () => {
  const pool = new MemoryPool({ maxConnections: 1, backlogSize: 1 }, raise);
  pool.configure(Object.assign({ maxConnections: 3, backlogSize: 4 }, { type: "pool_config" }), 0);
  assertEquals(Object.hasOwn(pool.stats(), "type"), false);
});

Deno.test("MemoryPool: ids that are names of Object's members are clients like any other", () => {
  const pool = new MemoryPool({ maxConnections: 1, backlogSize: 9 }, raise);
  const ids = ["__proto__", "constructor", "toString", "", "hasOwnProperty"];
  assertEquals(
    ids.map((id) => pool.connect(id, undefined, 0).state),
    ["connected", "queued", "queued", "queued", "queued"],
  );
  const promoted = ids.map((id) => pool.disconnect(id, 0)?.promoted);
  assertEquals(promoted, [...ids.slice(1), null]);
});

transcript(
  "MemoryPool.disconnect: one that leaves later keeps its place until then",
  `
  connect a later  -> connected 1+0
  connect b        -> connected 2+0
  connect c later  -> queued 2+1
  disconnect a     -> promoted: -; 2+1
  record a         -> connected evicted 2+1 since 0 waited 0
  clients          -> a b | c
  stats            -> 2/2 2+1 c2 q1 p0 r0 d0
  connect a        -> connected 2+1
  pass 5           -> 5
  disconnect a     -> promoted: -; 2+1
  leave a          -> 2+0
  record a         -> left evicted 2+0 since 5 waited 0
  disconnect a     -> not in the pool
  stats            -> 2/2 2+0 c2 q1 p1 r0 d1
  `,
);

transcript(
  "MemoryPool.disconnect: one that would leave later, and waits, leaves at once",
  `
  config 1 2       -> promoted: -; 0+0
  connect a        -> connected 1+0
  connect b later  -> queued 1+1
  disconnect b     -> promoted: -; 1+0
  record b         -> left evicted 1+0 since 0 waited 0
  `,
);

told(
  "MemoryPool.disconnect: tells one that leaves later once, and all others when it has left",
  `
  connect a later      -> see a asking>connected 0
  config 1 2           -> see limits 2/2 -> 1/2
  connect b            -> see b asking>queued 0
  disconnect a         -> tell a connected evicted 1+1
  disconnect a         -> -
  pass 7               -> -
  leave a              -> see a connected>left evicted 7, see b queued>connected 7, tell b connected 1+0
  `,
);

told(
  "MemoryPool.leave: of one that is evicted and was rejected meanwhile, the rejection is told",
  `
  connect a later        -> see a asking>connected 0
  disconnect a           -> tell a connected evicted 1+0
  leave a upstream_down  -> see a connected>left upstream_down 0
  `,
);

Deno.test("MemoryPool: a holder that is uncounted takes a place, is in no total, and nobody is told", () => {
  const pool = new MemoryPool({ maxConnections: 1, backlogSize: 1 }, raise);
  const seen: string[] = [];
  pool.observe({ changed: ({ id, state }) => seen.push(`${id} ${state}`) });
  const check = pool.connect("check", { uncounted: true, changed: () => {} }, 0);
  pool.connect("a", undefined, 0);
  const { active, queued, connectedTotal } = pool.stats();
  assertEquals([check.state, active, queued, connectedTotal], ["connected", 1, 1, 0]);
  pool.leave(check, 0);
  const { promotedTotal, disconnectedTotal } = pool.stats();
  assertEquals([promotedTotal, disconnectedTotal], [1, 0]);
  assertEquals(seen, ["a queued", "a connected"]);
});

Deno.test("MemoryPool: an uncounted one that has to wait does so beyond the backlog, in no total", () => {
  const pool = new MemoryPool({ maxConnections: 1, backlogSize: 0 }, raise);
  const told: string[] = [];
  const holder = { uncounted: true, changed: ({ state }: Client) => told.push(state) };
  const a = pool.connect("a", undefined, 0);
  const check = pool.connect("check", holder, 0);
  assertEquals([check.state, pool.own, pool.full], ["queued", { active: 1, queued: 1 }, true]);
  pool.leave(a, 1);
  assertEquals([check.state, told, pool.full], ["connected", ["connected"], false]);
  const b = pool.connect("b", undefined, 1);
  assertEquals([b.state, pool.full], ["queued", true]);
  pool.leave(check, 2);
  pool.leave(b, 3);
  assertEquals(pool.stats(), {
    ...{ maxConnections: 1, backlogSize: 0, active: 0, queued: 0 },
    ...{ connectedTotal: 1, queuedTotal: 1, promotedTotal: 1 },
    ...{ rejectedTotal: 0, disconnectedTotal: 2 },
  });
});

Deno.test("MemoryPool: an uncounted one that leaves while it waits lengthens the backlog no more", () => {
  const pool = new MemoryPool({ maxConnections: 0, backlogSize: 1 }, raise);
  const check = pool.connect("check", { uncounted: true, changed: () => {} }, 0);
  const a = pool.connect("a", undefined, 0);
  pool.leave(check, 1);
  assertEquals([a.state, pool.full], ["queued", true]);
  pool.leave(a, 2);
  assertEquals(pool.full, false);
});
