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
  REDIS_PORT,
  type RedisAddress,
} from "../cluster/cluster_options.ts";
import { readAddress } from "../io/address.ts";
import { readDuration, showDuration } from "../io/duration.ts";
import { CLUSTER_FLAGS, type ValueFlag } from "./flag_names.ts";
import { oneOf, type Reading, type Settings } from "./settings.ts";

/** The defaults; a duration as it would be given. */
export const CLUSTER_DEFAULTS = { pool: "poolgate", lease: "10s", lost: "hold" } as const;

const NEEDS_CLUSTER: readonly ValueFlag[] = CLUSTER_FLAGS.filter((name) => name !== "cluster");

/** What a URL is made of, in words. */
const URL_RANGE =
  "redis://HOST:PORT or rediss://HOST:PORT, with /DATABASE behind it where that is not 0, or " +
  "redis+unix:///path, with ?db=DATABASE; USER:PASSWORD@ may stand behind the //, and a % in it " +
  "is %25, an @ %40, a : %3A, a / %2F";

/** The schemes are those of IANA, and `redis+unix` as the clients of Redis have it. */
const TCP_URL = /^(rediss?):\/\/(?:([^@/?#]*)@)?([^@/?#]+?)(?:\/(\d*))?$/;
const UNIX_URL = /^redis\+unix:\/\/(?:([^@/?#]*)@)?(\/[^@?#]+?)(?:\?db=(\d+))?$/;

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
  const server = settings.read<RedisAddress | undefined>("cluster", readRedis, undefined);
  settings.demand("cluster", NEEDS_CLUSTER);
  const options = {
    pool: settings.read<string>("cluster-pool", readName, CLUSTER_DEFAULTS.pool),
    gate: settings.read<string | undefined>("cluster-gate", readName, undefined),
    leaseMs: settings.read("cluster-lease", readLease, readDuration(CLUSTER_DEFAULTS.lease) ?? 0),
    lost: settings.read<LostMode>("cluster-lost", oneOf(LOST_MODES), CLUSTER_DEFAULTS.lost),
  };
  return server === undefined ? undefined : { server, ...options };
}

/** Reads the URL of a Redis. */
function readRedis(text: string): Reading<RedisAddress> {
  const value = readTcp(text) ?? readUnix(text);
  return value === undefined ? { allowed: URL_RANGE } : { value };
}

function readTcp(text: string): RedisAddress | undefined {
  const [, scheme, user, host = "", database] = TCP_URL.exec(text) ?? [];
  const address = readAddress(/:\d+$/.test(host) ? host : `${host}:${REDIS_PORT}`);
  if (scheme === undefined || address?.transport !== "tcp") return undefined;
  if (address.hostname === undefined || address.port === 0) return undefined;
  return withUser({ address, tls: scheme === "rediss", database: Number(database ?? 0) }, user);
}

function readUnix(text: string): RedisAddress | undefined {
  const [, user, path, database] = UNIX_URL.exec(text) ?? [];
  if (path === undefined) return undefined;
  const address = { transport: "unix", path } as const;
  return withUser({ address, tls: false, database: Number(database ?? 0) }, user);
}

/** @param user `USER:PASSWORD`, percent-encoded; no user is the default one. */
function withUser(
  server: Pick<RedisAddress, "address" | "tls" | "database">,
  user: string | undefined,
): RedisAddress | undefined {
  if (!Number.isSafeInteger(server.database)) return undefined;
  if (user === undefined) return { ...server, username: undefined, password: undefined };
  const [, name = "", secret = ""] = /^([^:]*):(.+)$/.exec(user) ?? [];
  const [username, password] = [decoded(name), decoded(secret)];
  if (secret === "" || username === undefined || password === undefined) return undefined;
  return { ...server, username: username === "" ? undefined : username, password };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
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
