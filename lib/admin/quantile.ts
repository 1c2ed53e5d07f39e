/**
 * Quantiles of what is known only in buckets. Pure.
 *
 * @module
 */

/**
 * Estimates a quantile as Prometheus does: values are taken to be spread evenly over their bucket,
 * and those above all bounds to be the last bound.
 * https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
 *
 * @param bounds The upper bounds of the buckets, rising, from above 0; at least one.
 * @param counts How many fell into each bucket, one more than there are bounds.
 * @param q Which quantile, from 0 to 1.
 * @returns The estimate, `undefined` where nothing was counted.
 */
export function quantile(
  bounds: readonly number[],
  counts: readonly number[],
  q: number,
): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const rank = q * total;
  let below = 0;
  for (const [at, upper] of bounds.entries()) {
    const count = counts[at] ?? 0;
    if (count > 0 && below + count >= rank) {
      const lower = bounds[at - 1] ?? 0;
      return lower + (upper - lower) * (rank - below) / count;
    }
    below += count;
  }
  return bounds.at(-1);
}
