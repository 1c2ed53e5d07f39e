/**
 * The pools that whatever works with one is tested with.
 *
 * @module
 */

import type { Limits } from "../../lib/pool/limits.ts";
import { MemoryPool } from "../../lib/pool/memory_pool.ts";
import type { Pool } from "../../lib/pool/pool.ts";
import { settled } from "./fake_clock.ts";
import { LatePool } from "./late_pool.ts";
import { raise } from "./raise.ts";
import { SEED, SEEDED } from "./random.ts";
import { until } from "./sockets.ts";

/** A kind of pool. */
export interface PoolKind {
  /** What is added to the name of a test that runs with it. */
  name: string;
  /** @param failed Told what those who are told throw; by default, that fails the test. */
  make(limits: Limits, failed?: (error: unknown) => void): Pool;
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

/** All kinds. */
export const POOLS: readonly PoolKind[] = [IN_MEMORY, LATE];

/**
 * Waits until all that the pool has to say has been said, and whoever heard it has done what
 * follows.
 */
export async function quiet(pool: Pool): Promise<void> {
  do {
    if (pool instanceof LatePool) await until("the pool has said all", () => !pool.busy);
    await settled();
  } while (pool instanceof LatePool && pool.busy);
}
