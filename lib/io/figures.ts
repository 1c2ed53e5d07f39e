/**
 * Figures as people read them.
 *
 * @module
 */

/**
 * @param count A whole number, from 0.
 * @returns It with a comma before each three digits: `1,323`.
 */
export function showCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * @param ms Milliseconds, from 0.
 * @returns The seconds with so many decimals: `49.5 s`.
 */
export function showSeconds(ms: number, decimals: number): string {
  return `${(ms / 1000).toFixed(decimals)} s`;
}
