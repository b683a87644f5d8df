/**
 * The Gittins index: with only the distribution of CPU times known, the order that gives the least mean turnaround on
 * one server with Poisson arrivals and free preemption, and comes close on several with real arrivals.
 */

/** A curve of ranks over attained CPU time; both lists have one length and the same unit. */
export interface RankCurve {
  /** Strictly increasing, from 0. */
  readonly attained: Float64Array;
  readonly rank: Float64Array;
}

/**
 * The Gittins rank of a distribution that is given by its survival function at increasing times:
 * the minimum over D of E[min(X − a, D) | X > a] / P(X − a ≤ D | X > a), D ending at one of the times.
 *
 * @param times strictly increasing, the first one 0
 * @param survival P(X > time), not increasing, from 1; linear between the times
 * @returns the rank at each time but those from which on nothing is left; at least one
 */
export function gittinsCurve(times: Float64Array, survival: Float64Array): RankCurve {
  const count = times.length;
  const area = new Float64Array(count);
  for (let index = 1; index < count; index++) {
    const width = times[index]! - times[index - 1]!;
    area[index] = area[index - 1]! + width * (survival[index]! + survival[index - 1]!) / 2;
  }
  const rank: number[] = [];
  for (let from = 0; from < count - 1; from++) {
    let least = Infinity;
    for (let to = from + 1; to < count; to++) {
      const share = survival[from]! - survival[to]!;
      if (share > 0) least = Math.min(least, (area[to]! - area[from]!) / share);
    }
    if (least === Infinity) break;
    rank.push(least);
  }
  if (rank.length === 0) rank.push(times[count - 1]!);
  return { attained: times.slice(0, rank.length), rank: Float64Array.from(rank) };
}
