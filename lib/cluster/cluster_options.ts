/**
 * What a pool is shared with: the server that keeps it, and how this gate takes part. Pure, and all
 * that the command line needs to know of this room.
 *
 * @module
 */

import { type Address, showAddress } from "../io/address.ts";

/** What becomes of those with a place when the lease of their gate is lost. */
export const LOST_MODES = ["hold", "cut"] as const;
export type LostMode = typeof LOST_MODES[number];

/** The shortest and the longest lease, in milliseconds. */
export const MIN_LEASE_MS = 3000;
export const MAX_LEASE_MS = 60_000;

/** The port of Redis. */
export const REDIS_PORT = 6379;

/** A Redis or Valkey, and who it is asked as. */
export interface RedisAddress {
  /** With a hostname, where it is TCP. */
  address: Address;
  /** Whether TLS is spoken. */
  tls: boolean;
  /** `undefined` for the default user. */
  username: string | undefined;
  password: string | undefined;
  /** The number of the database, from 0. */
  database: number;
}

/** What a gate takes part in a shared pool with. */
export interface ClusterOptions {
  server: RedisAddress;
  /** The name of the pool, which stands in its keys. */
  pool: string;
  /** What operators call this gate; `undefined` for its machine and process. */
  gate: string | undefined;
  leaseMs: number;
  lost: LostMode;
}

/** @returns The server as a URL, without the user and the password. */
export function showRedis({ address, tls, database }: RedisAddress): string {
  if (address.transport === "unix") {
    return `redis+unix://${address.path}${database === 0 ? "" : `?db=${database}`}`;
  }
  const path = database === 0 ? "" : `/${database}`;
  return `${tls ? "rediss" : "redis"}://${showAddress(address)}${path}`;
}
