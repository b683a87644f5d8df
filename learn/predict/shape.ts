/**
 * The rank table around one predicted CPU time: the predictor says how long, the latest CPU times say how sure that is.
 *
 * The table is the Gittins rank of the latest CPU times' distribution, smoothed, with the predicted CPU time as its mean.
 * Where invocations are alike this is what is left of the predicted CPU time, and past the prediction it rises gradually;
 * where they vary it says from when on an invocation is probably a long one. All values are one peak: `gittins` knows more.
 * `deno task bench:learn` compares predictors; none of the constants is critical.
 */
import { MAX_RANK_POINTS } from "../policy.ts";
import type { Expectation } from "./predictor.ts";
import { smoothedTable, type SmoothOptions } from "./smooth.ts";

/** How a table is made. */
export interface TableOptions extends SmoothOptions {
  /** Least smoothing of the distribution: the kernel's standard deviation, of the logarithm of the CPU time. */
  readonly leastBandwidth: number;
  /**
   * Smoothing relative to the samples' spread: the kernel's standard deviation is this times theirs times count^(−1/5).
   * A rule of thumb has 1.06; with 5 to 20 samples more is better, as their gaps are chance.
   */
  readonly bandwidthFactor: number;
  /** Nanoseconds of rank per nanosecond of CPU time beyond the table. */
  readonly tailSlope: number;
}

/** What the learner uses. */
export const TABLE_DEFAULTS: TableOptions = {
  leastBandwidth: 0.02,
  bandwidthFactor: 1.5,
  unseenSamples: 0.5,
  unseenSigma: 1,
  steepestRise: 4,
  leaps: false,
  tailSlope: 0.5,
  maxPoints: MAX_RANK_POINTS,
};

/** Of more samples, as many means of neighbours stand for them: each costs time at each of the times. */
const MOST_CENTRES = 25;

/** Errors of the rank that do not matter, relative to the predicted CPU time. */
export const TOLERANCE = 1 / 20;

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
    options.bandwidthFactor * standardDeviation(logs) * count ** -0.2,
  );
  const table = smoothedTable(
    [{ logs: centresOf(logs), bandwidth }],
    count,
    predictedNs * TOLERANCE,
    options,
  );
  return { predictedCpuNs: predictedNs, table, tailSlope };
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

/** Of a sample: 0 where there is only one. */
function standardDeviation(values: Float64Array): number {
  if (values.length < 2) return 0;
  let sum = 0, squares = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  for (const value of values) squares += (value - mean) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}
