import { bounded, type Predictor, usable } from "./predictor.ts";
import { expectAround } from "./shape.ts";

/** How much less each value counts than the one after it: the published smoothing factor is 0.2. */
const KEPT = 1 - 0.2;

/**
 * `EWMV`: the exponentially weighted mean. The weights are divided by their sum, so that the first values of a sequence do
 * not count for more than the later ones.
 */
export const ewmv: Predictor = {
  name: "EWMV",
  predict(sequence) {
    const values = usable(sequence);
    if (values.length === 0) return 0;
    let mean = 0, weight = 0;
    for (const value of values) {
      weight = 1 + KEPT * weight;
      mean += (value - mean) / weight;
    }
    return bounded(mean, values);
  },
  expect({ recent }) {
    return expectAround(recent, ewmv.predict(recent));
  },
};
