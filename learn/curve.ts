/**
 * Curves of ranks: bounding their rise, and making them short enough for a rank table.
 */
import type { RankCurve } from "./gittins.ts";

/**
 * Lowers a curve where it rises faster than it may: a jump would send an invocation that is a little late to the end of
 * the queue.
 *
 * @param slopeAt how fast it may rise up to a position; Infinity: at will
 */
export function limitRise(curve: RankCurve, slopeAt: (index: number) => number): RankCurve {
  const { attained } = curve;
  const rank = curve.rank.slice();
  for (let index = 1; index < rank.length; index++) {
    rank[index] = Math.min(
      rank[index]!,
      rank[index - 1]! + slopeAt(index) * (attained[index]! - attained[index - 1]!),
    );
  }
  return { attained, rank };
}

/** A relative error that makes no difference to any order worth having. */
const PRECISION = 0.01;

/**
 * Chooses the points of a curve whose straight connections follow it best: from the two ends, adds the point with the
 * greatest error, relative to the rank there plus `tolerance`, until there are enough or the error is below
 * {@link PRECISION}.
 *
 * @param tolerance a rank below which relative errors do not matter, above 0
 * @returns increasing positions in the curve, at most `most` of them
 */
export function choosePoints(curve: RankCurve, most: number, tolerance: number): number[] {
  const { attained, rank } = curve;
  const last = rank.length - 1;
  const chosen = last > 0 ? [0, last] : [0];
  while (chosen.length < most) {
    let worst = PRECISION, place = -1, position = -1;
    for (let end = 1; end < chosen.length; end++) {
      const left = chosen[end - 1]!, right = chosen[end]!;
      const slope = (rank[right]! - rank[left]!) / (attained[right]! - attained[left]!);
      for (let index = left + 1; index < right; index++) {
        const line = rank[left]! + slope * (attained[index]! - attained[left]!);
        const error = Math.abs(line - rank[index]!) / (Math.min(line, rank[index]!) + tolerance);
        if (error > worst) worst = error, place = end, position = index;
      }
    }
    if (place < 0) break;
    chosen.splice(place, 0, position);
  }
  return chosen;
}
