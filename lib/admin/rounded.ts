/**
 * Numbers as JSON has them: no more digits than anybody reads. Pure.
 *
 * @module
 */

/** @returns Seconds to the millisecond. */
export function seconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}
