/**
 * What a predictor is, and what all predictors share.
 */

/** Predicts the next number of a sequence, for example of a function's CPU times in nanoseconds, oldest first. */
export interface Predictor {
  /** As given to `--ml`. */
  readonly name: string;
  /**
   * The published rule, for any sequence of numbers: what is no positive finite number is left out (see
   * {@link usable}), an empty sequence gives 0, a single value is its own prediction, and the result is bounded by
   * {@link bounded}.
   */
  predict(sequence: readonly number[]): number;
  /**
   * The same for sequences that may be mostly noise, as measured CPU times of one function are: a rule that follows
   * trends must follow them here only as far as they are significant.
   */
  predictNoisy(sequence: readonly number[]): number;
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
