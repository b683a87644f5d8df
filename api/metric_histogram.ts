/**
 * Histograms for Prometheus: the agent's own have some 8 buckets for each doubling, which is too many series for a
 * hundred functions; here one bucket remains for each doubling, with exact counts.
 */

/** Bounds below and above these, in seconds, are left out; what they counted is in the next bucket that is kept. */
const LEAST_BOUND_S = 250e-6;
const MOST_BOUND_S = 300;

/** Which bounds of a histogram are kept: worked out once, for all functions share one array of bounds. */
export interface BucketLayout {
  /** As the label `le` shows them, ascending, the last `+Inf`. */
  readonly le: readonly string[];
  /** For each bound of the whole histogram, the index in `le` of the bucket that takes its count. */
  readonly target: Uint16Array;
}

/** A histogram with few buckets, or what several add up to. */
export interface Buckets {
  readonly layout: BucketLayout;
  /** Per bucket, not cumulative. */
  readonly counts: readonly number[];
  /** Sum of all values, in seconds. */
  readonly sumS: number;
}

/** Works out layouts, and remembers that of each array of bounds as long as the array lives. */
export class BucketLayouts {
  readonly #layouts = new WeakMap<readonly number[], BucketLayout>();

  of(upperBoundsS: readonly number[]): BucketLayout {
    let layout = this.#layouts.get(upperBoundsS);
    if (!layout) this.#layouts.set(upperBoundsS, layout = layoutOf(upperBoundsS));
    return layout;
  }
}

/**
 * Adds a histogram's counts to those of the few buckets, which begin at place `at` of `sums`: what the bounds that are
 * left out counted is in the next bucket that is kept.
 */
export function addCounts(
  { le, target }: BucketLayout,
  counts: ArrayLike<number>,
  sums: number[],
  at = 0,
): void {
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] ?? 0;
    if (count === 0) continue;
    // A count beyond the last bound belongs to +Inf.
    const place = at + (target[i] ?? le.length - 1);
    sums[place] = (sums[place] ?? 0) + count;
  }
}

/** The series of a histogram: cumulative, ascending, the last at `+Inf` equal to the count of all values. */
export function cumulative({ layout, counts }: Buckets): { le: string; count: number }[] {
  let sum = 0;
  return layout.le.map((le, i) => ({ le, count: sum += counts[i] ?? 0 }));
}

function layoutOf(upperBoundsS: readonly number[]): BucketLayout {
  const le: string[] = [];
  const target = new Uint16Array(upperBoundsS.length);
  for (const [i, bound] of upperBoundsS.entries()) {
    // The bucket after those that are complete: it is this bound's own, or a later one's, or at last +Inf.
    target[i] = le.length;
    if (isKept(bound, upperBoundsS[i + 1])) le.push(String(Number(bound.toPrecision(12))));
  }
  return { le: [...le, "+Inf"], target };
}

function isKept(boundS: number, nextS: number | undefined): boolean {
  if (boundS < LEAST_BOUND_S || boundS > MOST_BOUND_S) return false;
  return nextS === undefined || octave(nextS) > octave(boundS);
}

/** Which doubling of a nanosecond a bound ends: bounds are powers of two and steps between, give or take rounding. */
function octave(boundS: number): number {
  return Math.ceil(Math.log2(boundS * 1e9) - 1e-6);
}
