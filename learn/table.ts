/**
 * Reading a rank table: what an invocation's rank is after some CPU time, and when it will pass another's.
 * Both are called at every scheduling decision: they allocate nothing.
 */
import type { FunctionPolicy, RankPoint } from "./policy.ts";

/**
 * The rank after `attainedNs` of CPU time: linear between the table's points, `tailSlope` beyond the last, and the first
 * point's rank before it.
 *
 * @param table at least one point, attained times strictly increasing
 * @returns nanoseconds of effective remaining work, 0 where the table is empty
 */
export function rankAt(table: readonly RankPoint[], tailSlope: number, attainedNs: number): number {
  const count = table.length;
  if (count === 0) return 0;
  const first = table[0]!;
  if (!(attainedNs > first.attainedNs)) return first.rankNs;
  for (let index = 1; index < count; index++) {
    const point = table[index]!;
    if (attainedNs <= point.attainedNs) {
      const before = table[index - 1]!;
      const share = (attainedNs - before.attainedNs) / (point.attainedNs - before.attainedNs);
      return before.rankNs + share * (point.rankNs - before.rankNs);
    }
  }
  const last = table[count - 1]!;
  return last.rankNs + tailSlope * (attainedNs - last.attainedNs);
}

/**
 * The least CPU time, at or after `fromAttainedNs`, from which on the rank is above `rankNs`: when a running invocation
 * must give way to one that waits with this rank. A rank that only equals `rankNs` does not exceed it; the time returned
 * is the infimum, where a continuous rank still equals `rankNs`.
 *
 * @returns nanoseconds of attained CPU time, Infinity where the rank never exceeds `rankNs`
 */
export function attainedWhereRankExceeds(
  policy: Pick<FunctionPolicy, "table" | "tailSlope">,
  fromAttainedNs: number,
  rankNs: number,
): number {
  const { table, tailSlope } = policy;
  if (rankAt(table, tailSlope, fromAttainedNs) > rankNs) return fromAttainedNs;
  const count = table.length;
  if (count === 0) return Infinity;
  for (let index = 1; index < count; index++) {
    const point = table[index]!;
    if (point.attainedNs <= fromAttainedNs || point.rankNs <= rankNs) continue;
    // The rank is at most rankNs where this stretch begins and above it where it ends: it rises within.
    const before = table[index - 1]!;
    const share = (rankNs - before.rankNs) / (point.rankNs - before.rankNs);
    const crossing = before.attainedNs + share * (point.attainedNs - before.attainedNs);
    return Math.max(fromAttainedNs, crossing);
  }
  if (!(tailSlope > 0)) return Infinity;
  const last = table[count - 1]!;
  return Math.max(fromAttainedNs, last.attainedNs, last.attainedNs + (rankNs - last.rankNs) / tailSlope);
}
