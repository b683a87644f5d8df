/**
 * What a predictor is, and what all predictors share.
 *
 * ALPS publishes what its predictors make of a function's *simulated slices* (`predict`); it leaves open what is made of its
 * *measured CPU times*, which is what an unchanged kernel can be ordered by (`expect`). Decided once, for all:
 *
 * - The four published predictors expect one CPU time, by their own rule, but follow a trend only as far as it is
 *   significant. An invocation's rank is what remains of that, and past it rises gradually, as the latest CPU times suggest
 *   (`shape.ts`).
 * - `gittins` expects a distribution, known from up to 2048 CPU times, and its rank is the Gittins index of that.
 */
import type { CpuHistory } from "../history.ts";
import type { RankTable } from "../policy.ts";

/** What is expected of a function's next invocation. */
export interface Expectation extends RankTable {
  readonly predictedCpuNs: number;
}

/** One way to predict. */
export interface Predictor {
  /** As given to `--ml`. */
  readonly name: string;
  /**
   * The published rule, for any sequence of numbers, oldest first: what is no positive finite number is left out (see
   * {@link usable}), an empty sequence gives 0, a single value is its own prediction, and the result is bounded by
   * {@link bounded}.
   */
  predict(sequence: readonly number[]): number;
  /** From measured CPU times. Of an empty history: 0 for everything. */
  expect(history: CpuHistory): Expectation;
}

/** The finite numbers at or above 0 of a sequence: measurements cannot be anything else. */
export function usable(sequence: readonly number[]): readonly number[] {
  for (const value of sequence) {
    if (!(value >= 0 && value < Infinity)) return sequence.filter((each) => each >= 0 && each < Infinity);
  }
  return sequence;
}

/**
 * Keeps a prediction within half the least and twice the greatest number of the sequence: an extrapolated trend may leave
 * the range seen so far, but not become negative or explode.
 *
 * @param sequence not empty, all finite and at least 0
 */
export function bounded(prediction: number, sequence: readonly number[]): number {
  let least = Infinity, greatest = 0;
  for (const value of sequence) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return Math.min(Math.max(prediction, least / 2), 2 * greatest);
}
