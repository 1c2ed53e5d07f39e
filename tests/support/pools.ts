/**
 * The pools that whatever works with one is tested with.
 *
 * @module
 */

import { SharedPool } from "../../lib/cluster/shared_pool.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { Limits } from "../../lib/pool/limits.ts";
import { MemoryPool } from "../../lib/pool/memory_pool.ts";
import type { Pool, WhenLost } from "../../lib/pool/pool.ts";
import { setImmediate } from "node:timers";
import { FakeClock, settled } from "./fake_clock.ts";
import { FakeLink } from "./fake_link.ts";
import { FakeServer } from "./fake_server.ts";
import { LatePool } from "./late_pool.ts";
import { raise } from "./raise.ts";
import { SEED, SEEDED } from "./random.ts";
import { until } from "./sockets.ts";

/** A kind of pool. */
export interface PoolKind {
  /** What is added to the name of a test that runs with it. */
  name: string;
  /**
   * @param failed Told what those who are told throw; by default, that fails the test.
   * @param clock The time, where the test has one.
   */
  make(limits: Limits, failed?: (error: unknown) => void, clock?: Clock): Pool;
}

/** The default: everything is known at once. */
export const IN_MEMORY: PoolKind = {
  name: "",
  make: (limits, failed = raise) => new MemoryPool(limits, failed),
};

/** One that answers later, and out of order. */
export const LATE: PoolKind = {
  name: ` (late pool, ${SEEDED})`,
  make: (limits, failed) => new LatePool(limits, SEED, failed),
};

/** What a test sets of a gate that shares its pool. */
interface Sharing {
  /** What it shares the pool with; by default, the other gates are not there. */
  server?: FakeServer;
  name?: string;
  lost?: WhenLost;
}

/** What a shared pool was made of. */
interface SharedParts {
  link: FakeLink;
  /** Its own timers: they would come between those that a test lets run out in one turn. */
  timers: FakeClock;
}

const sharedParts = new WeakMap<Pool, SharedParts>();

/** What a pool of {@linkcode sharing} was made of. */
export function partsOf(pool: Pool): SharedParts {
  const parts = sharedParts.get(pool);
  if (parts === undefined) throw new Error("this pool is not shared");
  return parts;
}

/** One gate of several: each call takes a turn of the event loop. */
export function sharing({ server: given, name = "gate", lost = "hold" }: Sharing = {}): PoolKind {
  return {
    name: " (shared pool)",
    make(limits, failed = raise, time = new FakeClock(1_000_000)) {
      const timers = new FakeClock();
      const clock: Clock = {
        now: () => time.now(),
        after: (ms, action) => timers.after(ms, action),
      };
      const server = given ?? emptyServer(clock);
      let starting: (() => void)[] | undefined = [];
      const travel = {
        now: () => 0,
        after: (_ms: number, action: () => void) => starting?.push(action) ?? setImmediate(action),
      };
      const link = new FakeLink(server, travel);
      const pool = new SharedPool({
        ...{ link, clock, limits, failed, defaults: limits, name, leaseMs: 10_000 },
        ...{ lost, note: () => {}, random: () => 0.5 },
      });
      sharedParts.set(pool, { link, timers });
      // Like the others, it is there when a test begins.
      for (let next = starting.shift(); next !== undefined; next = starting.shift()) next();
      starting = undefined;
      return pool;
    },
  };
}

/** A server that lets clients in at once. */
export function emptyServer(clock: Clock): FakeServer {
  const server = new FakeServer(clock);
  server.graceful = false;
  server.remembers = false;
  return server;
}

/** One gate of several, though the others are not there. */
export const SHARED: PoolKind = sharing();

/** All kinds. */
export const POOLS: readonly PoolKind[] = [IN_MEMORY, LATE, SHARED];

/**
 * Waits until all that the pool has to say has been said, and whoever heard it has done what
 * follows.
 */
export async function quiet(pool: Pool): Promise<void> {
  const busy = () =>
    pool instanceof LatePool ? pool.busy : sharedParts.get(pool)?.link.busy ?? false;
  do {
    // What is done at the end of this turn may have something to say.
    if (pool instanceof SharedPool) await settled();
    if (busy()) await until("the pool has said all", () => !busy());
    await settled();
  } while (busy());
}
