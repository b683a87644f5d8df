import assert from "node:assert/strict";
import { addCounts, BucketLayouts, type Buckets, cumulative } from "../../api/metric_histogram.ts";

/** Bounds with 8 steps to each doubling, as the eBPF programs have them: 2^from to 2^to nanoseconds. */
function fineBounds(from: number, to: number): number[] {
  const bounds = [];
  for (let k = from; k < to; k++) {
    for (let step = 1; step <= 8; step++) bounds.push(2 ** k * (1 + step / 8) / 1e9);
  }
  return bounds;
}

function coarsen(upperBoundsS: number[], counts: number[], layouts = new BucketLayouts()): Buckets {
  const layout = layouts.of(upperBoundsS), sums = new Array<number>(layout.le.length).fill(0);
  addCounts(layout, counts, sums);
  return { layout, counts: sums, sumS: 0 };
}

Deno.test("addCounts() keeps one bound for each doubling, and the exact counts up to it", () => {
  const upperBoundsS = fineBounds(10, 42);
  const counts = upperBoundsS.map((_, i) => i % 7);
  const series = cumulative(coarsen(upperBoundsS, counts));
  const bounds = series.slice(0, -1).map(({ le }) => Number(le));
  assert.ok(bounds.length >= 18 && bounds.length <= 22, String(bounds.length));
  for (const [i, bound] of bounds.entries()) {
    assert.ok(Number.isInteger(Math.log2(Math.round(bound * 1e9))), String(bound));
    if (i > 0) assert.ok(Math.abs(bound / (bounds[i - 1] ?? 0) - 2) < 1e-9);
  }
  for (const { le, count } of series) {
    const limit = le === "+Inf" ? Infinity : Number(le) * (1 + 1e-9);
    const exact = counts.filter((_, i) => (upperBoundsS[i] ?? 0) <= limit).reduce((a, b) => a + b, 0);
    assert.equal(count, exact, le);
  }
});

Deno.test("addCounts() loses no value outside the bounds that it keeps", () => {
  assert.deepEqual(cumulative(coarsen([1e-9, 0.001, 1, 1e6], [5, 0, 2, 3, 4])), [
    { le: "0.001", count: 5 },
    { le: "1", count: 7 },
    { le: "+Inf", count: 14 },
  ]);
});

Deno.test("addCounts() makes of an empty histogram only +Inf, at 0", () => {
  assert.deepEqual(cumulative(coarsen([], [])), [{ le: "+Inf", count: 0 }]);
});

Deno.test("BucketLayouts tells arrays of bounds apart", () => {
  const layouts = new BucketLayouts();
  const short = [0.001, 1];
  const long = [0.001, 1, 8];
  for (const bounds of [short, long, short]) {
    const buckets = coarsen(bounds, bounds.map(() => 1), layouts);
    assert.deepEqual(buckets.layout.le, [...bounds.map(String), "+Inf"]);
    assert.deepEqual([...buckets.counts], [...bounds.map(() => 1), 0]);
  }
});

Deno.test("addCounts() adds to what is there, from a place on", () => {
  const layout = new BucketLayouts().of([0.001, 1]), sums = [9, 1, 2, 3, 9];
  addCounts(layout, [4, 5], sums, 1);
  assert.deepEqual(sums, [9, 5, 7, 3, 9]);
});
