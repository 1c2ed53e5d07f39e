/**
 * The settings of a shared pool: the server that keeps it, and how this gate takes part.
 *
 * @module
 */

import {
  type ClusterOptions,
  LOST_MODES,
  type LostMode,
  MAX_LEASE_MS,
  MIN_LEASE_MS,
} from "../cluster/cluster_options.ts";
import { parseRedisUrl, REDIS_URL_FORMS, type RedisUrl } from "../cluster/redis_url.ts";
import { readDuration, showDuration } from "../io/duration.ts";
import { CLUSTER_FLAGS, type ValueFlag } from "./flag_names.ts";
import { oneOf, type Reading, type Settings } from "./settings.ts";

/** The defaults; a duration as it would be given. */
export const CLUSTER_DEFAULTS = { pool: "poolgate", lease: "10s", lost: "hold" } as const;

const NEEDS_CLUSTER: readonly ValueFlag[] = CLUSTER_FLAGS.filter((name) => name !== "cluster");

const MAX_NAME = 64;

/** It stands in keys and in patterns of keys: braces and wildcards mean something there. */
const NAME = new RegExp(`^[\\w.:-]{1,${MAX_NAME}}$`);

/**
 * Reads the settings of a shared pool.
 *
 * @param settings What was given; takes the complaints.
 * @returns The options, `undefined` where the pool is not shared.
 */
export function readClusterOptions(settings: Settings): ClusterOptions | undefined {
  const server = settings.read<RedisUrl | undefined>("cluster", readRedis, undefined);
  settings.demand("cluster", NEEDS_CLUSTER);
  const options = {
    pool: settings.read<string>("cluster-pool", readName, CLUSTER_DEFAULTS.pool),
    gate: settings.read<string | undefined>("cluster-gate", readName, undefined),
    leaseMs: settings.read("cluster-lease", readLease, readDuration(CLUSTER_DEFAULTS.lease) ?? 0),
    lost: settings.read<LostMode>("cluster-lost", oneOf(LOST_MODES), CLUSTER_DEFAULTS.lost),
  };
  return server === undefined ? undefined : { server, ...options };
}

/** Reads the URL of a Redis. No user is the default one, who has a password, too. */
function readRedis(text: string): Reading<RedisUrl> {
  const value = parseRedisUrl(text);
  if (value === undefined || (value.username !== undefined && value.password === undefined)) {
    return { allowed: REDIS_URL_FORMS };
  }
  return { value };
}

function readName(text: string): Reading<string> {
  if (NAME.test(text)) return { value: text };
  return { allowed: `1 to ${MAX_NAME} letters, digits and characters of -._:` };
}

function readLease(text: string): Reading<number> {
  const value = readDuration(text);
  if (value !== undefined && value >= MIN_LEASE_MS && value <= MAX_LEASE_MS) return { value };
  const range = `${showDuration(MIN_LEASE_MS)} to ${showDuration(MAX_LEASE_MS)}`;
  return { allowed: `a duration from ${range}` };
}
