/**
 * The pools that whatever works with one is tested with.
 *
 * @module
 */

import { SharedPool } from "../../lib/cluster/shared_pool.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { Limits } from "../../lib/pool/limits.ts";
import { MemoryPool } from "../../lib/pool/memory_pool.ts";
import type { Pool } from "../../lib/pool/pool.ts";
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

/** One gate of several, though the others are not there: each call takes a turn of the event loop. */
export const SHARED: PoolKind = {
  name: " (shared pool)",
  make(limits, failed = raise, time = new FakeClock(1_000_000)) {
    // Its own timers would come between those that a test lets run out in one turn.
    const timers = new FakeClock();
    const clock: Clock = {
      now: () => time.now(),
      after: (ms, action) => timers.after(ms, action),
    };
    const server = new FakeServer(clock);
    server.graceful = false;
    server.remembers = false;
    let starting: (() => void)[] | undefined = [];
    const travel = {
      now: () => 0,
      after: (_ms: number, action: () => void) => starting?.push(action) ?? setImmediate(action),
    };
    const link = new FakeLink(server, travel);
    const pool = new SharedPool({
      ...{ link, clock, limits, failed, defaults: limits, name: "gate", leaseMs: 10_000 },
      ...{ lost: "hold", note: () => {}, random: () => 0.5 },
    });
    links.set(pool, link);
    // Like the others, it is there when a test begins.
    for (let next = starting.shift(); next !== undefined; next = starting.shift()) next();
    starting = undefined;
    return pool;
  },
};
const links = new WeakMap<Pool, FakeLink>();

/** All kinds. */
export const POOLS: readonly PoolKind[] = [IN_MEMORY, LATE, SHARED];

/**
 * Waits until all that the pool has to say has been said, and whoever heard it has done what
 * follows.
 */
export async function quiet(pool: Pool): Promise<void> {
  const busy = () => pool instanceof LatePool ? pool.busy : links.get(pool)?.busy ?? false;
  do {
    // What is done at the end of this turn may have something to say.
    if (pool instanceof SharedPool) await settled();
    if (busy()) await until("the pool has said all", () => !busy());
    await settled();
  } while (busy());
}
