import { meanSimple } from "simple-statistics";
import { bounded, type Predictor, usable } from "./predictor.ts";

/** `avg`: the arithmetic mean of the sequence. */
export const avg: Predictor = {
  name: "avg",
  predict(sequence) {
    const values = usable(sequence);
    return values.length === 0 ? 0 : bounded(meanSimple(values as number[]), values);
  },
  predictNoisy(sequence) {
    return avg.predict(sequence);
  },
};
