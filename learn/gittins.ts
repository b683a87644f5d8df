/**
 * The Gittins index: with only the distribution of CPU times known, the order that gives the least mean turnaround on
 * one server with Poisson arrivals and free preemption, and comes close on several with real arrivals.
 */

/** A curve of ranks over attained CPU time, both in the same unit. */
export interface RankCurve {
  /** Strictly increasing, from 0. */
  readonly attained: Float64Array;
  readonly rank: Float64Array;
  /** How many points it has; the lists may be longer. */
  length: number;
}

/**
 * The Gittins rank of a distribution that is given by its survival function at increasing times:
 * the minimum over D of E[min(X − a, D) | X > a] / P(X − a ≤ D | X > a), D ending at one of the times.
 *
 * @param times strictly increasing, the first one 0
 * @param survival P(X > time), not increasing, from 1; linear between the times
 * @param count how many of them there are; the lists may be longer
 * @returns the rank at each time but those from which on nothing is left; at least one. Its times are the given ones, and its
 *   ranks stay as they are until the next call
 */
export function gittinsCurve(times: Float64Array, survival: Float64Array, count = times.length): RankCurve {
  const { area, corners, rank } = scratchOf(count);
  area[0] = 0;
  for (let index = 1; index < count; index++) {
    const width = times[index]! - times[index - 1]!;
    area[index] = area[index - 1]! + width * (survival[index]! + survival[index - 1]!) / 2;
  }
  // With the survival from right to left as x and the area as y, that minimum is the slope from each point to the next corner
  // of the lower convex hull of the points after it: found for all of them from the last one on in linear time.
  let top = -1, ranked = 0;
  for (let from = count - 1; from >= 0; from--) {
    rank[from] = 0;
    while (top >= 0) {
      const corner = corners[top]!, share = survival[from]! - survival[corner]!;
      const least = share > 0 ? (area[corner]! - area[from]!) / share : Infinity;
      const next = top > 0 ? corners[top - 1]! : -1;
      if (next >= 0 && least * (survival[corner]! - survival[next]!) >= area[next]! - area[corner]!) {
        top--;
        continue;
      }
      if (share > 0) {
        rank[from] = least;
        ranked = Math.max(ranked, from + 1);
      } else {
        top--;
      }
      break;
    }
    corners[++top] = from;
  }
  if (ranked === 0) {
    rank[0] = times[count - 1]!;
    ranked = 1;
  }
  return { attained: times, rank, length: ranked };
}

/** Used again from call to call: thousands of tables are made at once, and allocating would cost as much as computing. */
let scratch = makeScratch(128);

function makeScratch(count: number) {
  return { area: new Float64Array(count), corners: new Int32Array(count), rank: new Float64Array(count) };
}

function scratchOf(count: number): typeof scratch {
  if (count > scratch.area.length) scratch = makeScratch(2 * count);
  return scratch;
}
