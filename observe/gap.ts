/**
 * The gap of a warm function, learned from how long its instances are idle. Pauses within a request (for a database, a disk)
 * and the time between two requests make two heaps of lengths; the gap belongs between them. Pure.
 */

import { bucketUpperNs } from "./function_stats.ts";

/** Lengths from which a gap is learned: fewer say nothing. */
const LEAST_LENGTHS = 64;

/** Least and most that is learned, in milliseconds: shorter ones end invocations at locks, longer ones are known too late. */
const LEAST_GAP_MS = 0.5, MOST_GAP_MS = 1000;

/** Each of the two heaps has this share of the lengths at least … */
const LEAST_SHARE = 0.05;

/** … their means differ by this factor at least … */
const LEAST_FACTOR = 4;

/** … and between them there is this little, compared with the lower one of their peaks. */
const MOST_VALLEY = 0.2;

/** Buckets over which a count is taken: single lengths at a bucket's edge make no valley. */
const SPREAD = 1;

/** A gap that differs by less than this factor from the one in force changes nothing. */
const LEAST_CHANGE = 1.25;

/**
 * The gap that separates two heaps of lengths, in milliseconds; undefined where there are not two that are clearly apart.
 *
 * The heaps are told apart by Otsu's threshold (A threshold selection method from gray-level histograms, IEEE Transactions
 * on Systems, Man and Cybernetics, 1979), on the logarithm of the length: the one with the largest variance between the two.
 *
 * @param counts how often an instance was idle for so long, in the buckets of {@link bucketUpperNs}
 */
export function gapBetween(counts: ArrayLike<number>): number | undefined {
  const count = Array.from(counts), total = count.reduce((sum, n) => sum + n, 0);
  if (total < LEAST_LENGTHS) return undefined;
  const sum = count.reduce((all, n, bucket) => all + n * bucket, 0);
  let best = -1, bestVariance = 0, below = 0, sumBelow = 0;
  for (let bucket = 0; bucket < count.length - 1; bucket++) {
    below += count[bucket]!;
    sumBelow += count[bucket]! * bucket;
    if (below < LEAST_SHARE * total || below > (1 - LEAST_SHARE) * total) continue;
    // Buckets are of equal width on the scale of logarithms: their numbers stand for lengths.
    const difference = sumBelow / below - (sum - sumBelow) / (total - below);
    const variance = below * (total - below) * difference ** 2;
    if (variance > bestVariance * (1 + 1e-9)) [best, bestVariance] = [bucket, variance];
  }
  if (best < 0) return undefined;
  const smooth = count.map((_, at) => around(count, at));
  const peak = (from: number, to: number) =>
    count.reduce((at, n, i) => i >= from && i < to && n > count[at]! ? i : at, from);
  const low = peak(0, best + 1), high = peak(best + 1, count.length);
  if ((high - low) / 4 < Math.log2(LEAST_FACTOR)) return undefined;
  // The middle of the emptiest stretch between the peaks.
  const least = Math.min(...smooth.slice(low, high + 1));
  if (least > MOST_VALLEY * Math.min(smooth[low]!, smooth[high]!)) return undefined;
  const empty = smooth.flatMap((n, at) => at > low && at < high && n === least ? [at] : []);
  const middle = empty[Math.floor(empty.length / 2)]!;
  return Math.min(MOST_GAP_MS, Math.max(LEAST_GAP_MS, bucketUpperNs(middle) / 1e6));
}

function around(count: readonly number[], at: number): number {
  let sum = 0;
  for (let i = at - SPREAD; i <= at + SPREAD; i++) sum += count[i] ?? 0;
  return sum;
}

/** Learns the gaps of functions, from counts that only grow: what was long ago counts less and less. */
export class GapLearner {
  readonly #known = new Map<number, { last: Uint32Array; aged: Float64Array }>();

  /** What counted at the last look counts this much now. */
  static readonly AGING = 0.9;

  /**
   * Takes what has been counted so far of a function.
   * @returns the gap to be put in force now; undefined where the one in force stays
   */
  look(functionId: number, counts: Uint32Array, inForceMs: number): number | undefined {
    let known = this.#known.get(functionId);
    if (!known) {
      known = { last: new Uint32Array(counts.length), aged: new Float64Array(counts.length) };
      this.#known.set(functionId, known);
    }
    let fresh = 0;
    for (const [i, n] of counts.entries()) fresh += n - known.last[i]!;
    if (fresh === 0) return undefined;
    for (const [i, n] of counts.entries()) {
      known.aged[i] = known.aged[i]! * GapLearner.AGING + n - known.last[i]!;
    }
    known.last = counts.slice();
    const gapMs = gapBetween(known.aged);
    if (gapMs === undefined) return undefined;
    return gapMs / inForceMs < LEAST_CHANGE && inForceMs / gapMs < LEAST_CHANGE ? undefined : gapMs;
  }

  forget(functionId: number): void {
    this.#known.delete(functionId);
  }
}
