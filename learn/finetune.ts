/**
 * Step 5 of ALPS's loop: from a predicted slice to the slice that is published. Each step is a function of its own, so
 * that each can be read, tested and turned off alone. The formulas are those of the published rule.
 */

/** The longest slice, in nanoseconds: 200 ms. */
export const MAX_SLICE_NS = 200e6;

/** The share of the new slice when it is smoothed against the policy in force. */
export const SMOOTHING_NEW = 0.7;

/** The parameters of the fine-tuning, as on the command line. */
export interface FinetuneOptions {
  /** Factor of the predicted slice. At least 0. */
  readonly alpha: number;
  /** Weight of the spread, and factor under overload. At least 0. */
  readonly beta: number;
  /** Divisor under overload. Above 0. */
  readonly gamma: number;
  /** CPU utilisation from which on the machine counts as overloaded, in percent (0 to 100). */
  readonly thetaPercent: number;
  /** Whether unpredictable functions get shorter slices; `--unpred` turns it off. */
  readonly unpredictability: boolean;
  /** Whether slices shrink under overload; `--overload` turns it off. */
  readonly overload: boolean;
}

/** The defaults of the command line. */
export const FINETUNE_DEFAULTS: FinetuneOptions = {
  alpha: 1,
  beta: 1,
  gamma: 1,
  thetaPercent: 50,
  unpredictability: true,
  overload: true,
};

/** What the fine-tuning needs of one function. */
export interface SliceToTune {
  /** What the predictor expects, in nanoseconds. */
  readonly predictedSliceNs: number;
  /** Standard deviation of the function's simulated slices, in nanoseconds. */
  readonly spreadNs: number;
  /** Its slice in the policy in force, in nanoseconds; undefined where it has none. */
  readonly currentSliceNs: number | undefined;
}

/** A slice is never longer than {@link MAX_SLICE_NS}. */
export function capSlice(sliceNs: number): number {
  return Math.min(sliceNs, MAX_SLICE_NS);
}

/**
 * Unpredictability: `min(alpha · predicted, 200 ms) − beta · spread`, not below 0.
 *
 * @returns nanoseconds, 0 to {@link MAX_SLICE_NS}
 */
export function tuneUnpredictability(
  predictedSliceNs: number,
  spreadNs: number,
  options: Pick<FinetuneOptions, "alpha" | "beta">,
): number {
  return Math.max(0, capSlice(options.alpha * predictedSliceNs) - options.beta * spreadNs);
}

/**
 * A function never gets a longer slice than the function ranked before it.
 *
 * @param previousSliceNs of the function ranked before, at this same step; undefined for the first
 */
export function clampToPrevious(sliceNs: number, previousSliceNs: number | undefined): number {
  return previousSliceNs === undefined ? sliceNs : Math.min(sliceNs, previousSliceNs);
}

/**
 * Smoothing against the policy in force: `0.7 · new + 0.3 · old`, the new slice where there is no old one.
 */
export function smooth(sliceNs: number, currentSliceNs: number | undefined): number {
  if (currentSliceNs === undefined) return sliceNs;
  return SMOOTHING_NEW * sliceNs + (1 - SMOOTHING_NEW) * currentSliceNs;
}

/**
 * Overload: where the utilisation is at or above theta, the slice times `beta · (100 + theta − cpu) / (100 · gamma)`.
 *
 * @param cpuUtilizationPercent 0 to 100
 */
export function tuneOverload(
  sliceNs: number,
  cpuUtilizationPercent: number,
  options: Pick<FinetuneOptions, "beta" | "gamma" | "thetaPercent">,
): number {
  const { beta, gamma, thetaPercent } = options;
  if (cpuUtilizationPercent < thetaPercent) return sliceNs;
  return sliceNs * beta * (100 + thetaPercent - cpuUtilizationPercent) / (100 * gamma);
}

/**
 * All steps in their order: unpredictability (where it is off, only the cap), clamp, smoothing, overload, cap.
 *
 * @param ranked the functions in order of rank
 * @returns their slices in nanoseconds, 0 to {@link MAX_SLICE_NS}, in the same order
 */
export function finetune(
  ranked: readonly SliceToTune[],
  cpuUtilizationPercent: number,
  options: FinetuneOptions,
): number[] {
  let previousSliceNs: number | undefined;
  return ranked.map(({ predictedSliceNs, spreadNs, currentSliceNs }) => {
    let sliceNs = options.unpredictability
      ? tuneUnpredictability(predictedSliceNs, spreadNs, options)
      : capSlice(predictedSliceNs);
    sliceNs = clampToPrevious(sliceNs, previousSliceNs);
    // The next function is compared before smoothing: what is smoothed in depends on each function's own past.
    previousSliceNs = sliceNs;
    sliceNs = smooth(sliceNs, currentSliceNs);
    if (options.overload) sliceNs = tuneOverload(sliceNs, cpuUtilizationPercent, options);
    return capSlice(sliceNs);
  });
}
