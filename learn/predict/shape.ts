/**
 * The rank table around one predicted CPU time: the predictor says how long, the latest CPU times say how sure that is.
 *
 * The table is the Gittins rank of the latest CPU times' distribution, smoothed, with the predicted CPU time as its mean.
 * Where invocations are alike this is what is left of the predicted CPU time, and past the prediction it rises gradually;
 * where they vary it says from when on an invocation is probably a long one. With up to a hundred values it must be smoothed
 * so much that two peaks become one hill: `gittins` knows more. `deno task bench:learn` compares predictors; none of the constants
 * is critical.
 */
import { limitRise, tableOf } from "../curve.ts";
import { gittinsCurve } from "../gittins.ts";
import { MAX_RANK_POINTS } from "../policy.ts";
import type { Expectation } from "./predictor.ts";

/** How a table is made. */
export interface TableOptions {
  /** Least smoothing of the distribution: the kernel's standard deviation, of the logarithm of the CPU time. */
  readonly leastBandwidth: number;
  /**
   * Smoothing relative to the samples' spread: the kernel's standard deviation is this times theirs times count^(−1/5).
   * A rule of thumb has 1.06; with 5 to 20 samples more is better, as their gaps are chance.
   */
  readonly bandwidthFactor: number;
  /** Weight, in samples, of what has not been seen yet: CPU times around and beyond the longest seen. */
  readonly unseenSamples: number;
  /** Spread of what has not been seen yet: standard deviation of the logarithm. */
  readonly unseenSigma: number;
  /**
   * Most nanoseconds of rank per nanosecond of CPU time: without a bound an invocation that is two percent late jumps to
   * the end of the queue.
   */
  readonly steepestRise: number;
  /** Nanoseconds of rank per nanosecond of CPU time beyond the table. */
  readonly tailSlope: number;
  /** Most points of the table. */
  readonly maxPoints: number;
}

/** What the learner uses. */
export const TABLE_DEFAULTS: TableOptions = {
  leastBandwidth: 0.02,
  bandwidthFactor: 1.5,
  unseenSamples: 0.5,
  unseenSigma: 1,
  steepestRise: 4,
  tailSlope: 0.5,
  maxPoints: MAX_RANK_POINTS,
};

/** Times at which the rank is computed within the range of the samples; the table is chosen among these. */
const DENSE_TIMES = 40;

/** Of more samples, as many means of neighbours stand for them: each costs time at each of the times. */
const MOST_CENTRES = 25;

/** Times beyond, where what has not been seen yet ends: only so that ranks before know of it. */
const FAR_TIMES = 6;

/** How many standard deviations the times reach beyond the samples, and beyond these in turn. */
const REACH = 3;

/**
 * Makes the rank table of one function.
 *
 * @param samplesNs measured CPU times; what is not above 0 and finite is left out
 * @param predictedNs what a predictor makes of them: the samples are scaled so that it is their mean, so that predictors
 *   decide about the location and the history about the shape
 * @returns 1 to `maxPoints` points, the first at 0; a constant 0 where there are no samples or the prediction is 0
 */
export function expectAround(
  samplesNs: readonly number[],
  predictedNs: number,
  options: TableOptions = TABLE_DEFAULTS,
): Expectation {
  const { tailSlope } = options;
  let sum = 0, count = 0;
  for (const sample of samplesNs) if (sample > 0 && sample < Infinity) sum += sample, count++;
  if (count === 0 || !(predictedNs > 0)) return { predictedCpuNs: 0, table: [0, 0], tailSlope };
  const logs = new Float64Array(count), scale = predictedNs * count / sum;
  count = 0;
  for (const sample of samplesNs) {
    if (sample > 0 && sample < Infinity) logs[count++] = Math.log(sample * scale);
  }
  logs.sort();
  const bandwidth = Math.max(
    options.leastBandwidth,
    options.bandwidthFactor * standardDeviation(logs) * logs.length ** -0.2,
  );
  smoothSurvival(centresOf(logs), logs.length, bandwidth, options);
  const curve = gittinsCurve(times, survival);
  limitRise(curve, options.steepestRise);
  curve.length = Math.min(curve.length, DENSE_TIMES + 1);
  const table = tableOf(curve, options.maxPoints, predictedNs / 20);
  return { predictedCpuNs: predictedNs, table, tailSlope };
}

/** Used again for each function: thousands of tables are made at once, and allocating would cost as much as computing. */
const times = new Float64Array(1 + DENSE_TIMES + FAR_TIMES), survival = new Float64Array(times.length);

/**
 * Computes P(CPU time > t), as `survival`, at `times` that are dense, in the logarithm, where the samples are: each sample
 * counts as a lognormal distribution around it, and what has not been seen yet as a wide one around the longest.
 *
 * @param logs logarithms of the samples, or of equally many of them together, increasing
 * @param samples how many there are
 */
function smoothSurvival(
  logs: Float64Array,
  samples: number,
  bandwidth: number,
  { unseenSamples, unseenSigma }: Pick<TableOptions, "unseenSamples" | "unseenSigma">,
): void {
  const count = logs.length, unseenShare = unseenSamples / (samples + unseenSamples);
  const longest = logs[count - 1]!;
  const low = logs[0]! - REACH * bandwidth, high = longest + REACH * bandwidth;
  const width = (high - low) / (DENSE_TIMES - 1);
  survival.fill(0);
  // Beyond `high` there is hardly anything of what has been seen.
  const perSample = (1 - unseenShare) / count;
  for (let sample = 0; sample < count; sample++) addNormal(logs[sample]!, bandwidth, low, width, perSample);
  for (let index = 0; index < DENSE_TIMES + FAR_TIMES; index++) {
    const log = index < DENSE_TIMES
      ? low + width * index
      : high + REACH * unseenSigma * (index - DENSE_TIMES + 1) / FAR_TIMES;
    times[index + 1] = Math.exp(log);
    survival[index + 1]! += unseenShare * normalSurvival((log - longest) / unseenSigma);
  }
  survival[0] = 1;
}

/** Adds `share` of a normal distribution around `mean` to the survival at the dense times, from `low` on `width` apart. */
function addNormal(mean: number, deviation: number, low: number, width: number, share: number): void {
  // Where in the table the first time is, and how far the next one is from it: this loop is what making tables takes.
  let place = ((low - mean) / deviation + NORMAL_REACH) * NORMAL_STEPS + 0.5;
  const step = width / deviation * NORMAL_STEPS;
  for (let index = 1; index <= DENSE_TIMES; index++, place += step) {
    if (place >= NORMAL_LAST) return;
    survival[index]! += place < 0 ? share : share * NORMAL_SURVIVAL[place | 0]!;
  }
}

/** As many means of neighbours, where there are more of them. */
function centresOf(logs: Float64Array): Float64Array {
  if (logs.length <= MOST_CENTRES) return logs;
  return Float64Array.from({ length: MOST_CENTRES }, (_, place) => {
    const from = Math.floor(place * logs.length / MOST_CENTRES);
    const to = Math.floor((place + 1) * logs.length / MOST_CENTRES);
    return logs.subarray(from, to).reduce((sum, log) => sum + log, 0) / (to - from);
  });
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

/** Of a sample: 0 where there is only one. */
function standardDeviation(values: Float64Array): number {
  if (values.length < 2) return 0;
  let sum = 0, squares = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  for (const value of values) squares += (value - mean) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}
