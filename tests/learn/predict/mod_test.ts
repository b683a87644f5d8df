import assert from "node:assert/strict";
import { normal, randomNumbers } from "../../../traces/random.ts";
import { avg } from "../../../learn/predict/avg.ts";
import { lr } from "../../../learn/predict/lr.ts";
import { predictorNamed, PREDICTORS } from "../../../learn/predict/mod.ts";
import { bounded, usable } from "../../../learn/predict/predictor.ts";

Deno.test("PREDICTORS has the names that --ml takes", () => {
  assert.deepEqual([...PREDICTORS.keys()], ["avg", "LR"]);
  for (const [name, predictor] of PREDICTORS) assert.equal(predictorNamed(name), predictor);
});

Deno.test("predictorNamed() lists what there is where the name is another", () => {
  assert.throws(() => predictorNamed("lr\n"), /cannot learn with "lr\\n": must be one of avg, LR/);
});

Deno.test("PREDICTORS take empty sequences, single values and what is no measurement", () => {
  for (const predictor of PREDICTORS.values()) {
    for (const predict of [predictor.predict, predictor.predictNoisy]) {
      assert.equal(predict([]), 0);
      assert.equal(predict([7]), 7);
      assert.equal(predict([NaN, -Infinity, Infinity, -5]), 0);
      assert.equal(predict([NaN, 7, -3, 7, Infinity]), 7);
      assert.equal(predict([0, 0, 0]), 0);
    }
  }
});

Deno.test("avg is the mean", () => {
  assert.equal(avg.predict([1, 2, 6]), 3);
  assert.equal(avg.predictNoisy([1, 2, 6]), 3);
});

Deno.test("LR is the least-squares line at the next index", () => {
  assert.equal(lr.predict([1, 2, 3, 4]), 5);
  assert.equal(lr.predict([4, 4, 4]), 4);
  // Slope 0.4, mean 2.5 at index 1.5.
  assert.ok(Math.abs(lr.predict([2, 2, 3, 3]) - 3.5) < 1e-12);
  assert.equal(lr.predict([10, 12]), 14);
});

Deno.test("LR keeps an extrapolation within half the least and twice the greatest value", () => {
  assert.equal(lr.predict([100, 10, 1]), 0.5);
  assert.equal(lr.predict([10, 70]), 130);
});

Deno.test("LR.predictNoisy() follows a trend that is there and not one that chance makes", () => {
  const trend = Array.from({ length: 20 }, (_, index) => 100 + 5 * index + (index % 2));
  assert.ok(Math.abs(lr.predictNoisy(trend) - lr.predict(trend)) < 1);
  const random = randomNumbers(11);
  let plain = 0, cautious = 0;
  for (let round = 0; round < 200; round++) {
    const values = Array.from({ length: 8 }, () => Math.exp(normal(random)));
    const mean = avg.predict(values);
    plain += (lr.predict(values) - mean) ** 2;
    cautious += (lr.predictNoisy(values) - mean) ** 2;
  }
  assert.ok(cautious < plain / 4, `${cautious} against ${plain}`);
});

Deno.test("usable() leaves a clean sequence as it is", () => {
  const clean = [0, 1, 2];
  assert.equal(usable(clean), clean);
  assert.deepEqual(usable([1, NaN, 2]), [1, 2]);
});

Deno.test("bounded() keeps within half the least and twice the greatest", () => {
  assert.deepEqual([bounded(-5, [2, 4]), bounded(3, [2, 4]), bounded(50, [2, 4])], [1, 3, 8]);
});
