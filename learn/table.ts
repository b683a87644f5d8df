/**
 * Reading a rank table: what an invocation's rank is after some CPU time, and when it will pass another's.
 * Both are called at every scheduling decision: they allocate nothing.
 */
import type { RankPoints, RankTable } from "./policy.ts";

/**
 * Nanoseconds of age that count as one of rank. Without it, drifting predictions make equal invocations run last in,
 * first out, and the longest ones wait far longer than under a fair scheduler; more weight costs the short ones time.
 */
export const AGE_DIVISOR = 64;

/**
 * The rank after `attainedNs` of CPU time: linear between the table's points, `tailSlope` beyond the last, and the first
 * point's rank before it.
 *
 * @param table 1 or more points
 * @returns nanoseconds of effective remaining work, 0 where the table is empty
 */
export function rankAt(table: RankPoints, tailSlope: number, attainedNs: number): number {
  const length = table.length;
  if (length === 0) return 0;
  let fromNs = table[0]!, fromRankNs = table[1]!;
  if (!(attainedNs > fromNs)) return fromRankNs;
  for (let at = 2; at < length; at += 2) {
    const toNs = table[at]!, toRankNs = table[at + 1]!;
    if (attainedNs <= toNs) {
      const share = (attainedNs - fromNs) / (toNs - fromNs);
      return fromRankNs + share * (toRankNs - fromRankNs);
    }
    fromNs = toNs;
    fromRankNs = toRankNs;
  }
  return fromRankNs + tailSlope * (attainedNs - fromNs);
}

/**
 * The least CPU time, at or after `fromAttainedNs`, from which on the rank is above `rankNs`: when a running invocation
 * must give way to one that waits with this rank. A rank that only equals `rankNs` does not exceed it; the time returned
 * is the infimum, where a continuous rank still equals `rankNs`.
 *
 * @returns nanoseconds of attained CPU time, Infinity where the rank never exceeds `rankNs`
 */
export function attainedWhereRankExceeds(
  policy: RankTable,
  fromAttainedNs: number,
  rankNs: number,
): number {
  const { table, tailSlope } = policy;
  if (rankAt(table, tailSlope, fromAttainedNs) > rankNs) return fromAttainedNs;
  const length = table.length;
  if (length === 0) return Infinity;
  for (let at = 2; at < length; at += 2) {
    const toNs = table[at]!, toRankNs = table[at + 1]!;
    if (toNs <= fromAttainedNs || toRankNs <= rankNs) continue;
    // The rank is at most rankNs where this stretch begins and above it where it ends: it rises within.
    const fromNs = table[at - 2]!, fromRankNs = table[at - 1]!;
    const share = (rankNs - fromRankNs) / (toRankNs - fromRankNs);
    return Math.max(fromAttainedNs, fromNs + share * (toNs - fromNs));
  }
  if (!(tailSlope > 0)) return Infinity;
  const lastNs = table[length - 2]!, lastRankNs = table[length - 1]!;
  return Math.max(fromAttainedNs, lastNs, lastNs + (rankNs - lastRankNs) / tailSlope);
}
