/** The scripts, as one gate calls them, beside the pool in memory: they do the same. */

import { assertEquals } from "@std/assert";
import type { Op, OpResult } from "../../lib/cluster/link.ts";
import type { Client } from "../../lib/pool/client.ts";
import { MemoryPool } from "../../lib/pool/memory_pool.ts";
import type { Disconnected } from "../../lib/pool/pool.ts";
import { type Known, type RawGate, SERVERS, TestPool } from "../support/cluster/caller.ts";
import { RedisServer } from "../support/cluster/redis_server.ts";
import { raise } from "../support/raise.ts";
import { Random, SEED, SEEDED } from "../support/random.ts";
import { testWith } from "../support/servers.ts";

const SEEDS = 3;
const CALLS = 2000;
const MOST_OPS = 8;
const LIMITS = { maxConnections: 3, backlogSize: 4 };

/** The pool in memory, driven by the same ops. */
class Model {
  readonly pool = new MemoryPool(LIMITS, raise);
  /** Who has been promoted, and nobody has looked yet. */
  promoted: number[] = [];

  /** How many clients have come. */
  clients = 0;

  perform(op: Op): OpResult {
    switch (op.kind) {
      case "join": {
        const changed = (client: Client) => this.promoted.push(Number(client.id));
        return this.#resultOf(
          this.pool.connect(`${op.n}`, { changed, uncounted: op.uncounted }, 0),
        );
      }
      case "leave": {
        // Its holder is told that it has left, which is no promotion.
        const promoted = [...this.promoted];
        const left = this.pool.disconnect(`${op.n}`, 0) as Disconnected | undefined;
        if (left === undefined) return { kind: "unknown", ...this.pool.own };
        const next = left.promoted === null ? undefined : Number(left.promoted);
        this.promoted = next === undefined ? promoted : [...promoted, next];
        return { kind: "left", promoted: next, active: left.active, queued: left.queued };
      }
      case "reject":
        this.pool.reject("rejected", "draining", 0);
        return { kind: "counted", ...this.pool.own };
    }
  }

  #resultOf({ state, active, queued }: Client): OpResult {
    if (state === "connected") return { kind: "placed", active, queued };
    if (state === "queued") return { kind: "queued", active, queued, ticket: NaN };
    return { kind: "rejected", active, queued };
  }
}

/** @returns What the server said, in words of the model. */
function told({ promoted, ...told }: Known<"register">) {
  const { limits, active, queued, connectedTotal, queuedTotal } = told;
  const { promotedTotal, rejectedTotal, disconnectedTotal, paused } = told;
  const totals = { connectedTotal, queuedTotal, promotedTotal, rejectedTotal, disconnectedTotal };
  return { promoted, paused, stats: { ...limits, active, queued, ...totals } };
}

async function compare(gate: RawGate, model: Model, random: Random): Promise<void> {
  /** Clients that a check of our own is, of which one is there at a time. */
  let check: number | undefined;
  let promotions = 0;

  function nextOp(replay: boolean): Op {
    const { pool } = model;
    const kind = random.below(10);
    if (kind === 0) return { kind: "reject" };
    if (kind === 1) {
      if (check === undefined) return { kind: "join", n: check = ++model.clients, uncounted: true };
      const n = check;
      check = undefined;
      return { kind: "leave", n, uncounted: true };
    }
    const some = 1 + random.below(model.clients + 2);
    if (some === check) return { kind: "reject" };
    if (kind < 6) {
      const again = replay && kind < 4 && pool.find(`${some}`) !== undefined;
      return { kind: "join", n: again ? some : ++model.clients, uncounted: false };
    }
    const present = [...pool.clients("connected"), ...pool.clients("queued")]
      .map(({ id }) => Number(id)).filter((n) => n !== check);
    const n = kind < 9 && present.length > 0 ? random.pick(present) : some;
    return { kind: "leave", n, uncounted: false };
  }

  async function apply(): Promise<Known<"register">> {
    const replay = random.below(4) === 0;
    const ops: Op[] = [];
    const expected: OpResult[] = [];
    for (let count = 1 + random.below(MOST_OPS); count > 0; count--) {
      const op = nextOp(replay);
      ops.push(op);
      expected.push(model.perform(op));
    }
    const { results, ...rest } = await gate.apply(ops, replay);
    const withoutTickets = results.map((result) =>
      result.kind === "queued" ? { ...result, ticket: NaN } : result
    );
    assertEquals(withoutTickets, expected, JSON.stringify(ops));
    return rest;
  }

  async function change(): Promise<Known<"register">> {
    const paused = random.below(4) === 0;
    const { pool } = model;
    switch (random.below(3)) {
      case 0: {
        const maxConnections = random.below(6);
        const limits = [{ maxConnections }, { backlogSize: random.below(8) }, {
          maxConnections,
          backlogSize: 4,
        }][random.below(3)]!;
        const { promotedCount, ...rest } = await gate.call("configure", { limits });
        assertEquals(pool.configure(limits, 0).promoted, promotedCount);
        return rest;
      }
      case 1: {
        const { promotedCount, ...rest } = await gate.call("pausePool", { paused });
        if (paused) pool.pause("paused");
        else assertEquals(pool.resume("paused", 0).promoted, promotedCount);
        return rest;
      }
      default:
        if (paused) pool.pause("upstream_down");
        else pool.resume("upstream_down", 0);
        return await gate.call("pauseGate", { paused });
    }
  }

  for (let count = 0; count < CALLS; count++) {
    const reply = await (random.below(10) === 0 ? change() : apply());
    const { pool, promoted } = model;
    promotions += promoted.length;
    assertEquals(told(reply), { promoted, paused: pool.paused, stats: pool.stats() });
    assertEquals(reply.told, promotions);
    model.promoted = [];
  }
}

for (const program of SERVERS) {
  for (let number = 0; number < SEEDS; number++) {
    const name =
      `scripts: one gate, ${CALLS} calls, does as MemoryPool (${program}, ${number}, ${SEEDED})`;
    testWith([program, "redis-cli"], name, async () => {
      await using redis = await RedisServer.start({}, program);
      await using pool = await TestPool.make(redis, LIMITS);
      const gate = await pool.listeningGate();
      const model = new Model();
      await compare(gate, model, new Random(SEED, number));
      const { promotedTotal, rejectedTotal, disconnectedTotal } = model.pool.stats();
      const least = Math.min(promotedTotal, rejectedTotal, disconnectedTotal);
      assertEquals(
        least > 200,
        true,
        `too little has happened: ${JSON.stringify(model.pool.stats())}`,
      );
    });
  }
}
