/**
 * The value at a share of a sorted list by the nearest-rank method: the least one that at least this share is not above.
 *
 * @param sorted increasing, not empty
 * @param share 0 to 1
 */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}
