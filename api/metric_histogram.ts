/**
 * Histograms for Prometheus: the agent's own have some 8 buckets for each doubling, which is too many series for a
 * hundred functions; here one bucket remains for each doubling, with exact counts.
 */
import type { HistogramSnapshot } from "./agent_view.ts";

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
  readonly counts: Float64Array;
  /** Sum of all values, in seconds. */
  sumS: number;
}

/** Makes {@link Buckets}, and remembers the layout of each array of bounds as long as the array lives. */
export class Coarsener {
  readonly #layouts = new WeakMap<readonly number[], BucketLayout>();

  /** Keeps the last bound of each doubling, and adds up what the bounds that it leaves out counted. */
  coarsen({ upperBoundsS, counts, sumS }: HistogramSnapshot): Buckets {
    let layout = this.#layouts.get(upperBoundsS);
    if (!layout) this.#layouts.set(upperBoundsS, layout = layoutOf(upperBoundsS));
    const kept = new Float64Array(layout.le.length);
    for (let i = 0; i < counts.length; i++) {
      const count = counts[i] ?? 0;
      if (count === 0) continue;
      // A count beyond the last bound belongs to +Inf.
      const bucket = layout.target[i] ?? kept.length - 1;
      kept[bucket] = (kept[bucket] ?? 0) + count;
    }
    return { layout, counts: kept, sumS };
  }
}

/** Buckets of the same layout without any value. */
export function emptyLike({ layout }: Buckets): Buckets {
  return { layout, counts: new Float64Array(layout.le.length), sumS: 0 };
}

/**
 * Adds to `total` what `now` has more than `before`; a bucket that has less began anew, so it counts in full. All three
 * have equal bounds.
 */
export function addIncrease(total: Buckets, now: Buckets, before: Buckets | undefined): void {
  for (const [i, count] of now.counts.entries()) {
    total.counts[i] = (total.counts[i] ?? 0) + increase(count, before?.counts[i]);
  }
  total.sumS += increase(now.sumS, before?.sumS);
}

/** How much a counter grew; one that shrank began anew. */
export function increase(now: number, before: number | undefined): number {
  return before === undefined || now < before ? now : now - before;
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
