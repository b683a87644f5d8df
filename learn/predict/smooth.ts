/**
 * Rank tables of smoothed distributions: each value that was measured counts as a lognormal distribution around it, and the
 * table is the Gittins rank of all of them together.
 */
import { limitRise, tableOf } from "../curve.ts";
import { gittinsCurve } from "../gittins.ts";

/** Values that are alike, in logarithms. Each counts as a normal distribution of one width around it. */
export interface Peak {
  /** Natural logarithms of the values, or of neighbours' means, increasing. */
  readonly logs: Float64Array;
  /** Weight of each; where it is left out they have equal shares of the whole weight. */
  readonly weights?: Float64Array;
  /** Standard deviation of those distributions, above 0. */
  readonly bandwidth: number;
}

/** How a table is made. */
export interface SmoothOptions {
  /** Weight, in values, of what has not been seen yet: CPU times around and beyond the longest. */
  readonly unseenSamples: number;
  /** Spread of what has not been seen yet: standard deviation of the logarithm. */
  readonly unseenSigma: number;
  /**
   * Most nanoseconds of rank per nanosecond of CPU time: without a bound an invocation that is two percent late jumps to
   * the end of the queue.
   */
  readonly steepestRise: number;
  /** Whether the rank may leap before the longest value, where it is between two peaks. */
  readonly leaps: boolean;
  /** Most points of the table. */
  readonly maxPoints: number;
}

/** Times at which the rank is computed within the range of the values; the table is chosen among these. */
const DENSE_TIMES = 40;

/** Of each peak where there are several, at least so many. */
const LEAST_TIMES = 20;

/** Times beyond, where what has not been seen yet ends: only so that ranks before know of it. */
const FAR_TIMES = 6;

/** How many standard deviations the times reach beyond the values, and beyond these in turn. */
const REACH = 3;

/** Most peaks that are told apart. */
export const MOST_PEAKS = 6;

/** Used again for each function: thousands of tables are made at once, and allocating would cost as much as computing. */
const MOST_TIMES = 1 + Math.max(DENSE_TIMES, MOST_PEAKS * LEAST_TIMES) + FAR_TIMES;
const times = new Float64Array(MOST_TIMES), survival = new Float64Array(MOST_TIMES);

/**
 * Makes the rank table of a distribution.
 *
 * @param peaks 1 to {@link MOST_PEAKS}, from the least to the greatest
 * @param weight how many values there are
 * @param toleranceNs a rank below which errors of the table do not matter, above 0
 * @returns 1 to `maxPoints` points, the first at 0, as attained CPU time and rank in nanoseconds
 */
export function smoothedTable(
  peaks: readonly Peak[],
  weight: number,
  toleranceNs: number,
  options: SmoothOptions,
): number[] {
  const { unseenSamples, unseenSigma, steepestRise, leaps, maxPoints } = options;
  const seen = weight / (weight + unseenSamples);
  const each = peaks.length === 1
    ? DENSE_TIMES
    : Math.max(LEAST_TIMES, Math.floor(DENSE_TIMES / peaks.length));
  const longest = peaks.at(-1)!.logs.at(-1)!;
  survival.fill(0);
  let at = 1, high = -Infinity, beyond = 0;
  for (const { logs, bandwidth } of peaks) {
    const low = Math.max(logs[0]! - REACH * bandwidth, high + bandwidth / each);
    high = Math.max(logs.at(-1)! + REACH * bandwidth, low + bandwidth);
    const width = (high - low) / (each - 1);
    for (const peak of peaks) addPeak(peak, seen / weight, weight, low, width, at, at + each);
    for (let index = 0; index < each; index++, at++) {
      const log = low + width * index;
      if (log <= longest) beyond = at;
      times[at] = Math.exp(log);
      survival[at]! += (1 - seen) * normalSurvival((log - longest) / unseenSigma);
    }
  }
  const known = at;
  for (let index = 1; index <= FAR_TIMES; index++, at++) {
    const log = high + REACH * unseenSigma * index / FAR_TIMES;
    times[at] = Math.exp(log);
    survival[at] = (1 - seen) * normalSurvival((log - longest) / unseenSigma);
  }
  survival[0] = 1;
  const curve = gittinsCurve(times, survival, at);
  limitRise(curve, steepestRise, leaps ? beyond + 1 : 1);
  curve.length = Math.min(curve.length, known);
  return tableOf(curve, maxPoints, toleranceNs);
}

/** Adds a peak to the survival at the times from `from` to before `to`, which are `width` apart from `low` on. */
function addPeak(
  { logs, weights, bandwidth }: Peak,
  perWeight: number,
  weight: number,
  low: number,
  width: number,
  from: number,
  to: number,
): void {
  // How far apart the times are in the table.
  const step = width / bandwidth * NORMAL_STEPS;
  for (let value = 0; value < logs.length; value++) {
    const share = perWeight * (weights === undefined ? weight / logs.length : weights[value]!);
    let place = ((low - logs[value]!) / bandwidth + NORMAL_REACH) * NORMAL_STEPS + 0.5;
    // This loop is what making tables takes.
    for (let at = from; at < to && place < NORMAL_LAST; at++, place += step) {
      survival[at]! += place < 0 ? share : share * NORMAL_SURVIVAL[place | 0]!;
    }
  }
}

/** How far the table below reaches, in standard deviations, and its entries to one of them. */
const NORMAL_REACH = 4, NORMAL_STEPS = 1024, NORMAL_LAST = 2 * NORMAL_REACH * NORMAL_STEPS;

/**
 * P(Z > z) of the normal distribution by Page's logistic approximation, whose error is below 0.0002, as is that of taking
 * the nearest entry: a thousand of them make one rank table, and exponentials would take most of its time.
 */
const NORMAL_SURVIVAL = Float64Array.from({ length: NORMAL_LAST + 1 }, (_, at) => {
  const z = at / NORMAL_STEPS - NORMAL_REACH;
  return 1 / (1 + Math.exp(z * (1.5976 + 0.07056 * z * z)));
});

function normalSurvival(z: number): number {
  if (!(z > -NORMAL_REACH)) return 1;
  return z >= NORMAL_REACH ? 0 : NORMAL_SURVIVAL[Math.round((z + NORMAL_REACH) * NORMAL_STEPS)]!;
}
