/**
 * Durations on the command line.
 *
 * @module
 */

/** What a duration may be, in words. */
export const DURATION_RANGE =
  "a duration such as 500ms, 30s, 5m or 2h, to 24 days, or 0 for no limit";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The longest that a timer of JavaScript can wait. */
const MAX_MS = 2 ** 31 - 1;

/**
 * @returns The milliseconds, 0 to 2147483647; `undefined` when the text is no
 *   {@linkcode DURATION_RANGE}.
 */
export function readDuration(text: string): number | undefined {
  if (text === "0") return 0;
  const [, digits, unit = ""] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(digits) * (UNITS[unit] ?? NaN);
  return ms <= MAX_MS ? ms : undefined;
}
