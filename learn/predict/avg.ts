import { meanSimple } from "simple-statistics";
import { bounded, type Predictor, usable } from "./predictor.ts";
import { expectAround } from "./shape.ts";

/** `avg`: the arithmetic mean of the sequence. */
export const avg: Predictor = {
  name: "avg",
  predict(sequence) {
    const values = usable(sequence);
    return values.length === 0 ? 0 : bounded(meanSimple(values as number[]), values);
  },
  expect({ recent }) {
    return expectAround(recent, avg.predict(recent));
  },
};
