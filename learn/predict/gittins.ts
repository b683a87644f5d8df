import { limitRise, tableOf } from "../curve.ts";
import { gittinsCurve } from "../gittins.ts";
import type { LogHistogram, Stretch } from "../log_histogram.ts";
import { MAX_RANK_POINTS } from "../policy.ts";
import { avg } from "./avg.ts";
import type { Expectation, Predictor } from "./predictor.ts";

/** How a table is made of a distribution. */
export interface GittinsOptions {
  /** Most stretches that a distribution is described by; the index costs the square of it. */
  readonly mostStretches: number;
  /** Stretches for each √value: few values are chance, and say little about where between them others lie. */
  readonly stretchesPerRoot: number;
  /** How far a stretch of one value is widened into the gaps beside it at most, as a logarithm; of two values half as far. */
  readonly mostWidening: number;
  /** A gap of this factor and more makes the rank leap at the end of the stretch before it; above 1. */
  readonly leap: number;
  /** Weight, in values, of what has not been seen yet: CPU times beyond the longest. */
  readonly unseen: number;
  /**
   * Most nanoseconds of rank per nanosecond of CPU time beyond the longest value: who is a little later than any before does
   * not go to the end of the queue at once.
   */
  readonly steepestRise: number;
  /** Nanoseconds of rank per nanosecond of CPU time beyond the table. */
  readonly tailSlope: number;
}

/** What the agent uses; `deno task bench:learn` shows how good it is. */
export const GITTINS_DEFAULTS: GittinsOptions = {
  mostStretches: 32,
  stretchesPerRoot: 2,
  mostWidening: 0.5,
  leap: 1.2,
  unseen: 1,
  steepestRise: 4,
  tailSlope: 0.5,
};

/** Share of a stretch, at its end, in which the rank may rise to what it is after it. */
const LAST_PART = 0.05;

/** Buckets without values beyond which two stretches are two peaks: a factor of 1.5. */
const PEAK_GAP = 19;

/**
 * What has not been seen yet, as multiples of the longest value and the shares that are longer: a lognormal distribution of
 * σ = 1 from its median on.
 */
const UNSEEN: readonly (readonly [factor: number, longer: number])[] = [[1.3, 0.79], [1.8, 0.56], [3, 0.27], [
  6,
  0.07,
], [16, 0]];

/**
 * `gittins`: ranks by what an invocation has used so far. The rank is the Gittins index of the function's distribution of CPU
 * times, from a histogram of up to 2048 of the latest. Slices, which ALPS's order of functions is made of, are predicted as by
 * `avg`.
 */
export const gittins: Predictor = {
  name: "gittins",
  predict: avg.predict,
  expect(history) {
    return expectDistribution(history.distribution, avg.predict(history.recent));
  },
};

/**
 * The table of a distribution.
 *
 * @param predictedCpuNs its mean, or what else is to be shown
 */
export function expectDistribution(
  distribution: LogHistogram,
  predictedCpuNs: number,
  options: GittinsOptions = GITTINS_DEFAULTS,
): Expectation {
  const { steepestRise, tailSlope } = options;
  if (!(predictedCpuNs > 0) || !(distribution.weight > 0)) {
    return { predictedCpuNs: 0, table: [0, 0], tailSlope };
  }
  const { times, survival, seen } = survivalOf(distribution, options);
  const curve = gittinsCurve(times, survival);
  limitRise(curve, steepestRise, seen - 1);
  // The first point beyond the longest says how the rank goes on.
  curve.length = Math.min(seen + 1, curve.length);
  return { predictedCpuNs, table: tableOf(curve, MAX_RANK_POINTS, predictedCpuNs / 20), tailSlope };
}

/** P(CPU time > t), linear between the times. `seen`: how many times there are up to the longest value. */
function survivalOf(
  distribution: LogHistogram,
  { mostStretches, stretchesPerRoot, mostWidening, unseen, leap }: GittinsOptions,
): { times: Float64Array; survival: Float64Array; seen: number } {
  const { weight } = distribution;
  const most = Math.max(1, Math.min(mostStretches, Math.ceil(stretchesPerRoot * Math.sqrt(weight))));
  const stretches = widened(distribution.stretches(most, PEAK_GAP), mostWidening);
  const total = weight + unseen;
  const times = [0], survival = [1];
  let left = total;
  stretches.forEach(({ from, to, weight }, place) => {
    if (from > times.at(-1)!) {
      times.push(from);
      survival.push(left / total);
    }
    // Where a gap follows, the rank leaps at the end of the stretch, and only there.
    if (!(stretches[place + 1]?.from! <= to * leap)) {
      times.push(to - LAST_PART * (to - from));
      survival.push((left - (1 - LAST_PART) * weight) / total);
    }
    left = Math.max(unseen, left - weight);
    times.push(to);
    survival.push(left / total);
  });
  const seen = times.length, longest = times.at(-1)!;
  for (const [factor, longer] of UNSEEN) {
    times.push(longest * factor);
    survival.push(unseen * longer / total);
  }
  return { times: new Float64Array(times), survival: new Float64Array(survival), seen };
}

/**
 * Widens stretches into the gaps between them: values may lie there that were not seen. The more lie inside, the less likely is
 * it that others lie outside.
 */
function widened(stretches: readonly Stretch[], most: number): Stretch[] {
  return stretches.map(({ from, to, weight }, place) => {
    const before = stretches[place - 1]?.to, after = stretches[place + 1]?.from;
    // At the ends as far as on the other side.
    const lower = before === undefined ? from * Math.sqrt(to / (after ?? to)) : Math.sqrt(before * from);
    const upper = after === undefined ? to * Math.sqrt(from / (before ?? from)) : Math.sqrt(to * after);
    const factor = Math.exp(most / Math.max(1, weight));
    return { from: Math.max(lower, from / factor), to: Math.min(upper, to * factor), weight };
  });
}
