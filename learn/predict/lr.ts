import { bounded, type Predictor, usable } from "./predictor.ts";
import { expectAround } from "./shape.ts";

/** A least-squares line over the indices 0 … n − 1. */
interface Line {
  /** The mean of the values, which the line has at the middle index. */
  readonly mean: number;
  /** Per index. */
  readonly slope: number;
  /** Square of the slope over the square of its standard error; Infinity for an exact line, 0 for a flat one. */
  readonly significance: number;
}

/** Squared standard errors that a slope must have to count at all; 1 would be right if most functions had a trend. */
const SCEPTICISM = 8;

/** `LR`: the least-squares line over the sequence, evaluated at the next index. */
export const lr: Predictor = {
  name: "LR",
  predict(sequence) {
    const values = usable(sequence);
    if (values.length === 0) return 0;
    const { mean, slope } = fitLine(values);
    return bounded(mean + slope * stepsFromMiddle(values.length), values);
  },
  expect({ recent }) {
    return expectAround(recent, predictTrusted(recent));
  },
};

/**
 * The slope is shrunk as in a positive-part James–Stein estimate, only more: to nothing where it is not at least
 * √{@link SCEPTICISM} standard errors, and hardly where it is many. With five to twenty values that vary lognormally, what a
 * plain line predicts is mostly noise.
 */
export function predictTrusted(sequence: readonly number[]): number {
  const values = usable(sequence);
  if (values.length === 0) return 0;
  const { mean, slope, significance } = fitLine(values);
  const trust = Math.max(0, 1 - SCEPTICISM / significance);
  return bounded(mean + trust * slope * stepsFromMiddle(values.length), values);
}

/** From the middle of the indices 0 … n − 1 to the index n. */
function stepsFromMiddle(count: number): number {
  return (count + 1) / 2;
}

function fitLine(values: readonly number[]): Line {
  const count = values.length;
  const middle = (count - 1) / 2;
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / count;
  let covariance = 0, indexSquares = 0, squares = 0;
  for (let index = 0; index < count; index++) {
    const away = index - middle, difference = values[index]! - mean;
    covariance += away * difference;
    indexSquares += away * away;
    squares += difference * difference;
  }
  if (indexSquares === 0 || covariance === 0) return { mean, slope: 0, significance: 0 };
  const slope = covariance / indexSquares;
  // Two values always lie on a line, which says nothing about a trend.
  if (count < 3) return { mean, slope, significance: 0 };
  const residual = Math.max(0, squares - slope * covariance);
  return { mean, slope, significance: (slope * covariance * (count - 2)) / residual };
}
