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
  const count = choose(curve, most, tolerance);
  return Array.from(chosen.subarray(0, count));
}

/** Used again from call to call: thousands of tables are made at once, and lists that grow would cost as much as computing. */
let chosen = new Int32Array(16);
/** Of each connection, by the place among the chosen where it begins: the point that is furthest off, and how far. */
let worst = new Int32Array(16), errors = new Float64Array(16);

/** Leaves the positions in `chosen` and returns how many they are. */
function choose(curve: RankCurve, most: number, tolerance: number): number {
  if (most > chosen.length) {
    chosen = new Int32Array(most);
    worst = new Int32Array(most);
    errors = new Float64Array(most);
  }
  const last = curve.length - 1;
  chosen[0] = 0;
  if (last === 0) return 1;
  chosen[1] = last;
  let count = 2;
  worst[0] = worstBetween(curve, 0, last, tolerance);
  errors[0] = worstError;
  while (count < most) {
    let place = -1, greatest = PRECISION;
    for (let each = 0; each + 1 < count; each++) {
      if (errors[each]! > greatest) greatest = errors[each]!, place = each;
    }
    if (place < 0) break;
    const left = chosen[place]!, position = worst[place]!, right = chosen[place + 1]!;
    for (let each = count++; each > place + 1; each--) {
      chosen[each] = chosen[each - 1]!;
      worst[each] = worst[each - 1]!;
      errors[each] = errors[each - 1]!;
    }
    chosen[place + 1] = position;
    worst[place] = worstBetween(curve, left, position, tolerance);
    errors[place] = worstError;
    worst[place + 1] = worstBetween(curve, position, right, tolerance);
    errors[place + 1] = worstError;
  }
  return count;
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
  const count = choose(curve, most, tolerance);
  const table = new Array<number>(2 * count);
  for (let at = 0; at < count; at++) {
    const place = chosen[at]!;
    table[2 * at] = curve.attained[place]!;
    table[2 * at + 1] = curve.rank[place]!;
  }
  return table;
}
