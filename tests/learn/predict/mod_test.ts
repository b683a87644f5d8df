import assert from "node:assert/strict";
import { normal, randomNumbers } from "../../../traces/random.ts";
import { avg } from "../../../learn/predict/avg.ts";
import { CpuHistory } from "../../../learn/history.ts";
import { ewmv } from "../../../learn/predict/ewmv.ts";
import { lr, predictTrusted } from "../../../learn/predict/lr.ts";
import { predictorNamed, PREDICTORS } from "../../../learn/predict/mod.ts";
import { bounded, usable } from "../../../learn/predict/predictor.ts";
import { rf } from "../../../learn/predict/rf.ts";

function historyOf(values: readonly number[]): CpuHistory {
  const history = new CpuHistory();
  for (const value of values) history.add(value);
  return history;
}

Deno.test("PREDICTORS has the names that --ml takes", () => {
  assert.deepEqual([...PREDICTORS.keys()], ["avg", "LR", "RF", "EWMV", "gittins"]);
  for (const [name, predictor] of PREDICTORS) assert.equal(predictorNamed(name), predictor);
});

Deno.test("predictorNamed() lists what there is where the name is another", () => {
  assert.throws(
    () => predictorNamed("lr\n"),
    /cannot learn with "lr\\n": must be one of avg, LR, RF, EWMV, gittins/,
  );
});

Deno.test("PREDICTORS take empty sequences, single values and what is no measurement", () => {
  for (const { predict } of PREDICTORS.values()) {
    assert.equal(predict([]), 0);
    assert.equal(predict([7]), 7);
    assert.equal(predict([NaN, -Infinity, Infinity, -5]), 0);
    assert.equal(predict([NaN, 7, -3, 7, Infinity]), 7);
    assert.equal(predict([0, 0, 0]), 0);
  }
});

Deno.test("PREDICTORS predict the same from the same, and within what was seen", () => {
  const random = randomNumbers(5);
  const values = Array.from({ length: 60 }, () => 1e7 * Math.exp(normal(random)));
  for (const predictor of PREDICTORS.values()) {
    const predicted = predictor.predict(values);
    assert.equal(predictor.predict([...values]), predicted);
    assert.ok(predicted >= Math.min(...values) / 2 && predicted <= 2 * Math.max(...values), predictor.name);
    const expected = predictor.expect(historyOf(values));
    assert.deepEqual(predictor.expect(historyOf(values)), expected);
    assert.ok(expected.predictedCpuNs > 0 && expected.table[0] === 0);
  }
});

Deno.test("avg is the mean", () => {
  assert.equal(avg.predict([1, 2, 6]), 3);
  assert.equal(avg.expect(historyOf([1, 2, 6])).predictedCpuNs, 3);
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

Deno.test("LR expects CPU times by a trend that is there and not by one that chance makes: predictTrusted() follows a trend that is there and not one that chance makes", () => {
  const trend = Array.from({ length: 20 }, (_, index) => 100 + 5 * index + (index % 2));
  assert.ok(Math.abs(predictTrusted(trend) - lr.predict(trend)) < 1);
  const random = randomNumbers(11);
  let plain = 0, cautious = 0;
  for (let round = 0; round < 200; round++) {
    const values = Array.from({ length: 8 }, () => Math.exp(normal(random)));
    const mean = avg.predict(values);
    plain += (lr.predict(values) - mean) ** 2;
    cautious += (predictTrusted(values) - mean) ** 2;
  }
  assert.ok(cautious < plain / 4, `${cautious} against ${plain}`);
});

Deno.test("EWMV weighs each value 0.8 times the one after it", () => {
  assert.ok(Math.abs(ewmv.predict([1, 2, 6]) - (0.64 * 1 + 0.8 * 2 + 6) / (0.64 + 0.8 + 1)) < 1e-12);
  const long = Array.from({ length: 200 }, (_, index) => index < 190 ? 10 : 20);
  assert.ok(Math.abs(ewmv.predict(long) - (20 - 10 * 0.8 ** 10)) < 1e-6);
});

Deno.test("RF follows what the latest values are", () => {
  const step = Array.from({ length: 60 }, (_, index) => (index < 30 ? 10 : 50) + index % 3);
  assert.ok(Math.abs(rf.predict(step) - 51) < 5, `${rf.predict(step)}`);
  assert.equal(rf.predict([3, 3, 3]), 3);
});

Deno.test("usable() leaves a clean sequence as it is", () => {
  const clean = [0, 1, 2];
  assert.equal(usable(clean), clean);
  assert.deepEqual(usable([1, NaN, 2]), [1, 2]);
});

Deno.test("bounded() keeps within half the least and twice the greatest", () => {
  assert.deepEqual([bounded(-5, [2, 4]), bounded(3, [2, 4]), bounded(50, [2, 4])], [1, 3, 8]);
});
