/**
 * What a user is told at the start whose clients give up before their turn may come: a queue that
 * is full of those who have gone, or are about to, lets nobody else wait. Pure.
 *
 * @module
 */

import { showDuration } from "../io/duration.ts";
import type { Protocols } from "./load_protocols.ts";

/**
 * @param queueTimeoutMs How long a client may wait, in milliseconds; 0 for ever.
 * @returns The advice; `undefined` where there is none to give.
 */
export function patienceAdvice(
  { service, rejection }: Protocols,
  queueTimeoutMs: number,
): string | undefined {
  const patience = (service ?? rejection)?.patience;
  if (patience === undefined) return undefined;
  const { client, ms } = patience;
  if (queueTimeoutMs !== 0 && queueTimeoutMs <= ms) return undefined;
  const given = queueTimeoutMs === 0 ? "no limit" : showDuration(queueTimeoutMs);
  return `--queue-timeout is ${given}, but some clients wait for less: ${client} gives up after ` +
    `${showDuration(ms)} unless it is set otherwise`;
}
