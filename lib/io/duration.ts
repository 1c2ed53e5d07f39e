/**
 * Durations on the command line.
 *
 * @module
 */

/** What a duration may be, in words. */
export const DURATION_RANGE =
  "a duration such as 500ms, 30s, 1h30m or 1d, to 24 days, or 0 for no limit";

/** From the longest to the shortest, as they follow one another. */
const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

const DURATION = new RegExp(`^${Object.keys(UNITS).map((unit) => `(?:(\\d+)${unit})?`).join("")}$`);

/** The longest that a timer of JavaScript can wait. */
const MAX_MS = 2 ** 31 - 1;

/**
 * @returns The milliseconds, 0 to 2147483647; `undefined` when the text is no
 *   {@linkcode DURATION_RANGE}.
 */
export function readDuration(text: string): number | undefined {
  if (text === "0") return 0;
  const [all = "", ...counts] = DURATION.exec(text) ?? [];
  if (all === "") return undefined;
  const ms = Object.values(UNITS).reduce(
    (sum, unit, at) => sum + Number(counts[at] ?? 0) * unit,
    0,
  );
  return ms <= MAX_MS ? ms : undefined;
}

/**
 * Writes a duration.
 *
 * @param ms Whole milliseconds, from 0.
 * @returns The text as {@linkcode readDuration} reads it.
 */
export function showDuration(ms: number): string {
  let [text, left] = ["", ms];
  for (const [unit, length] of Object.entries(UNITS)) {
    const count = Math.floor(left / length);
    if (count > 0) text += `${count}${unit}`;
    left -= count * length;
  }
  return text || "0";
}
