import assert from "node:assert/strict";
import {
  capSlice,
  clampToPrevious,
  finetune,
  FINETUNE_DEFAULTS,
  smooth,
  tuneOverload,
  tuneUnpredictability,
} from "../../learn/finetune.ts";

const MS = 1e6;

Deno.test("capSlice() ends at 200 ms", () => {
  assert.deepEqual([capSlice(5 * MS), capSlice(300 * MS)], [5 * MS, 200 * MS]);
});

Deno.test("tuneUnpredictability() is min(alpha * predicted, 200 ms) - beta * spread, not below 0", () => {
  assert.equal(tuneUnpredictability(50, 10, { alpha: 2, beta: 3 }), 70);
  assert.equal(tuneUnpredictability(150 * MS, 10 * MS, { alpha: 2, beta: 1 }), 190 * MS);
  assert.equal(tuneUnpredictability(5, 10, { alpha: 1, beta: 1 }), 0);
});

Deno.test("clampToPrevious() gives no more than the function before has", () => {
  assert.deepEqual([clampToPrevious(5, 3), clampToPrevious(2, 3), clampToPrevious(5, undefined)], [3, 2, 5]);
});

Deno.test("smooth() mixes 0.7 of the new slice with 0.3 of the one in force", () => {
  assert.equal(smooth(10, 20), 0.7 * 10 + (1 - 0.7) * 20);
  assert.equal(smooth(10, undefined), 10);
});

Deno.test("tuneOverload() multiplies by beta * (100 + theta - cpu) / (100 * gamma) from theta on", () => {
  assert.equal(tuneOverload(10, 49.9, FINETUNE_DEFAULTS), 10);
  assert.equal(tuneOverload(10, 50, FINETUNE_DEFAULTS), 10);
  assert.equal(tuneOverload(10, 100, FINETUNE_DEFAULTS), 5);
  assert.equal(tuneOverload(10, 90, { beta: 3, gamma: 2, thetaPercent: 40 }), 10 * 3 * 50 / 200);
});

Deno.test("finetune() applies the steps in their order", () => {
  const ranked = [
    { predictedSliceNs: 10 * MS, spreadNs: 2 * MS, currentSliceNs: undefined },
    { predictedSliceNs: 30 * MS, spreadNs: 1 * MS, currentSliceNs: 20 * MS },
    { predictedSliceNs: 40 * MS, spreadNs: 35 * MS, currentSliceNs: 0 },
  ];
  // Unpredictability: 8, 29, 5 ms. Clamp: 8, 8, 5. Smoothing: 8, 11.6, 3.5. Overload at 75 %: times 0.75.
  const expected = [6, 8.7, 2.625];
  finetune(ranked, 75, FINETUNE_DEFAULTS).forEach((sliceNs, index) => {
    assert.ok(Math.abs(sliceNs / MS - expected[index]!) < 1e-9, `${sliceNs} of function ${index}`);
  });
});

Deno.test("finetune() leaves out what is turned off, but never exceeds 200 ms", () => {
  const ranked = [
    { predictedSliceNs: 10 * MS, spreadNs: 2 * MS, currentSliceNs: undefined },
    { predictedSliceNs: 500 * MS, spreadNs: 0, currentSliceNs: undefined },
  ];
  const off = { ...FINETUNE_DEFAULTS, unpredictability: false, overload: false, alpha: 3 };
  assert.deepEqual(finetune(ranked, 100, off), [10 * MS, 10 * MS]);
  assert.deepEqual(finetune(ranked.slice(1), 100, off), [200 * MS]);
  assert.deepEqual(finetune(ranked.slice(1), 50, { ...FINETUNE_DEFAULTS, beta: 2 }), [200 * MS]);
  assert.deepEqual(finetune([], 100, FINETUNE_DEFAULTS), []);
});
