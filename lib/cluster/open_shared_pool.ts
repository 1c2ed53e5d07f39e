/**
 * Opens a shared pool: sees first whether its server can be used at all, so that a mistake in a
 * flag is told at once, and connects the pool to it.
 *
 * @module
 */

import { type Clock, reporting } from "../io/clock.ts";
import type { Note } from "../io/log.ts";
import type { Limits } from "../pool/limits.ts";
import type { ClusterOptions } from "./cluster_options.ts";
import type { Link, Server } from "./link.ts";
import { redisLink } from "./redis_link.ts";
import { SharedPool } from "./shared_pool.ts";

/**
 * How long a start waits until the gate is in the pool, in milliseconds. By then it has been said,
 * where there is none.
 */
const ENROL_MS = 1000;

/** What {@linkcode openSharedPool} works with. */
export interface OpenSharedPoolParts {
  options: ClusterOptions;
  /** What operators call this gate where the options have no name. */
  name: string;
  /** The limits that the flags ask for; `undefined` where they ask for none. */
  limits: Limits | undefined;
  /** The limits of a pool that nobody has asked limits for. */
  defaults: Limits;
  clock: Clock;
  note: Note;
  /** Told what somebody throws who is told of a client. Must not throw. */
  failed: (error: unknown) => void;
}

/**
 * Opens a shared pool. A server that is not there is no reason not to: the pool lets nobody in
 * until it is. Where the server is there, the limits and the counts of the pool are known.
 *
 * @returns The pool, or why it cannot be had with these options.
 */
export async function openSharedPool(
  parts: OpenSharedPoolParts,
): Promise<SharedPool | { refusal: string }> {
  const { options, note, failed, clock } = parts;
  const link = redisLink(options.server, options.pool);
  const look = await lookAt(link);
  if ("refusal" in look) return look;
  const warning = look.server && evictionWarning(look.server);
  if (warning !== undefined) note("warn", warning);
  const { promise: enrolled, resolve: enrol } = Promise.withResolvers<void>();
  const pool = new SharedPool({
    ...{ link, leaseMs: options.leaseMs, lost: options.lost, note, failed },
    name: options.gate ?? parts.name,
    clock: reporting(clock, failed),
    limits: parts.limits,
    defaults: parts.defaults,
    enrolled: enrol,
    refused: onChange((reason) => note("error", `Redis cannot be used: ${reason}`)),
  });
  const limit = new Promise<void>((resolve) => clock.after(ENROL_MS, resolve));
  await Promise.race([enrolled, limit]);
  return pool;
}

/** Connects once. */
function lookAt(link: Link): Promise<{ server: Server | undefined } | { refusal: string }> {
  return new Promise((resolve) => {
    const connection = link.connect({
      opened: (server) => {
        connection.close();
        resolve({ server });
      },
      pushed: () => {},
      lost: (reason, fatal) => resolve(fatal ? { refusal: reason } : { server: undefined }),
    });
  });
}

/** @returns What there is to say of what the server does when its memory is full. */
export function evictionWarning({ maxmemoryPolicy }: Server): string | undefined {
  // The keys of a pool have no time to live: what evicts only those that have one leaves them.
  if (maxmemoryPolicy === "noeviction" || maxmemoryPolicy.startsWith("volatile-")) return undefined;
  return `Redis may drop the pool when its memory is full: maxmemory-policy is ` +
    `${maxmemoryPolicy}, it must be noeviction or one of volatile-*`;
}

/** @returns An action that is done where it was not done for the same reason the last time. */
function onChange(action: (reason: string) => void): (reason: string) => void {
  let last: string | undefined;
  return (reason) => {
    if (reason !== last) action(reason);
    last = reason;
  };
}
