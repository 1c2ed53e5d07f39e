/**
 * What a pool is shared with: the server that keeps it, and how this gate takes part. Pure, and all
 * that the command line needs to know of this room.
 *
 * @module
 */

import type { RedisUrl } from "./redis_url.ts";

/** What becomes of those with a place when the lease of their gate is lost. */
export const LOST_MODES = ["hold", "cut"] as const;
export type LostMode = typeof LOST_MODES[number];

/** The shortest and the longest lease, in milliseconds. */
export const MIN_LEASE_MS = 3000;
export const MAX_LEASE_MS = 60_000;

/** What a gate takes part in a shared pool with. */
export interface ClusterOptions {
  server: RedisUrl;
  /** The name of the pool, which stands in its keys. */
  pool: string;
  /** What operators call this gate; `undefined` for its machine and process. */
  gate: string | undefined;
  leaseMs: number;
  lost: LostMode;
}
