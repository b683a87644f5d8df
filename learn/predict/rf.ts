import { RandomForestRegression } from "ml-random-forest";
import { bounded, type Predictor, usable } from "./predictor.ts";
import { expectAround } from "./shape.ts";

/** As published. */
const TREES = 10;

/** Levels of a tree. Each value of its own would be a tree of seven levels that says only what the last one was. */
const DEEPEST = 5;

/** Any: the same one gives the same forest. */
const SEED = 1;

/**
 * `RF`: a random forest over the sequence's indices, evaluated at the next one. Trees do not extrapolate: it is about the mean of
 * the last values, as many as the trees find alike. A fit takes the library milliseconds: time in the square of the length.
 */
export const rf: Predictor = {
  name: "RF",
  predict(sequence) {
    const values = usable(sequence);
    // A tree of equal values has nothing to split by.
    if (values.length < 2 || values.every((value) => value === values[0])) return values[0] ?? 0;
    const forest = new RandomForestRegression({
      nEstimators: TREES,
      seed: SEED,
      maxFeatures: 1,
      replacement: true,
      useSampleBagging: true,
      noOOB: true,
      treeOptions: { maxDepth: DEEPEST },
    });
    forest.train(values.map((_, index) => [index]), values as number[]);
    return bounded(forest.predict([[values.length]])[0]!, values);
  },
  expect({ recent }) {
    return expectAround(recent, rf.predict(recent));
  },
};
