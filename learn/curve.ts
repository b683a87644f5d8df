/**
 * Curves of ranks: bounding their rise, and making them short enough for a rank table.
 */
import type { RankCurve } from "./gittins.ts";

/**
 * Lowers a curve, in place, where it rises faster than it may: a jump would send an invocation that is a little late to the
 * end of the queue.
 *
 * @param steepest how fast it may rise
 * @param from up to which position it may rise at will; by default nowhere
 */
export function limitRise({ attained, rank, length }: RankCurve, steepest: number, from = 1): void {
  for (let index = Math.max(1, from); index < length; index++) {
    const most = rank[index - 1]! + steepest * (attained[index]! - attained[index - 1]!);
    if (rank[index]! > most) rank[index] = most;
  }
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
  const last = curve.length - 1;
  if (last === 0) return [0];
  const chosen = [0, last];
  // Of each connection, by where it ends among the chosen: the point that is furthest off, and how far.
  const worst = [worstBetween(curve, 0, last, tolerance)], errors = [worstError];
  while (chosen.length < most) {
    let place = -1, greatest = PRECISION;
    for (let each = 0; each < errors.length; each++) {
      if (errors[each]! > greatest) greatest = errors[each]!, place = each;
    }
    if (place < 0) break;
    const left = chosen[place]!, position = worst[place]!, right = chosen[place + 1]!;
    chosen.splice(place + 1, 0, position);
    worst[place] = worstBetween(curve, left, position, tolerance);
    errors[place] = worstError;
    worst.splice(place + 1, 0, worstBetween(curve, position, right, tolerance));
    errors.splice(place + 1, 0, worstError);
  }
  return chosen;
}

/** How far off the point is that was found last: two results without an object. */
let worstError = 0;

/** The point between two that is furthest off their straight connection; its error is `worstError`. */
function worstBetween({ attained, rank }: RankCurve, left: number, right: number, tolerance: number): number {
  const base = rank[left]!, start = attained[left]!;
  const slope = (rank[right]! - base) / (attained[right]! - start);
  let position = left;
  worstError = 0;
  for (let index = left + 1; index < right; index++) {
    const here = rank[index]!, line = base + slope * (attained[index]! - start);
    const error = Math.abs(line - here), scale = Math.min(line, here) + tolerance;
    // Without a division where it is not the worst so far.
    if (error > worstError * scale) worstError = error / scale, position = index;
  }
  return position;
}

/** The table of a curve: at most `most` points of it, one after the other, as attained CPU time and rank. */
export function tableOf(curve: RankCurve, most: number, tolerance: number): number[] {
  const chosen = choosePoints(curve, most, tolerance);
  const table = new Array<number>(2 * chosen.length);
  for (let at = 0; at < chosen.length; at++) {
    const place = chosen[at]!;
    table[2 * at] = curve.attained[place]!;
    table[2 * at + 1] = curve.rank[place]!;
  }
  return table;
}
