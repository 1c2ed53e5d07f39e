/**
 * The two limits of a pool, and what they may be.
 *
 * @module
 */

/** The two limits, each a whole number of clients, 0 to {@linkcode MAX_LIMIT}. */
export interface Limits {
  /** How many clients may be connected at once; 0 pauses admission. */
  maxConnections: number;
  /** How many may wait for a place; 0 rejects everyone who cannot be connected at once. */
  backlogSize: number;
}

/** The most that a limit may be. */
export const MAX_LIMIT = Number.MAX_SAFE_INTEGER;

/** What a limit may be, in words. */
export const LIMIT_RANGE = `an integer from 0 to ${MAX_LIMIT}`;

/** Whether a value may be a limit: {@linkcode LIMIT_RANGE}. */
export function isLimit(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** @returns What of the limits has changed, as operators read it; `undefined` where nothing has. */
export function limitsChange(before: Limits, after: Limits): string | undefined {
  const changes = [
    change("max_connections", before.maxConnections, after.maxConnections),
    change("backlog_size", before.backlogSize, after.backlogSize),
  ].filter((text) => text !== "");
  return changes.length === 0 ? undefined : changes.join(", ");
}

function change(name: string, before: number, after: number): string {
  return before === after ? "" : `${name} ${before} -> ${after}`;
}
