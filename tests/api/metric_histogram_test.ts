import assert from "node:assert/strict";
import { addIncrease, Coarsener, cumulative, emptyLike, increase } from "../../api/metric_histogram.ts";

/** Bounds with 8 steps to each doubling, as the eBPF programs have them: 2^from to 2^to nanoseconds. */
function fineBounds(from: number, to: number): number[] {
  const bounds = [];
  for (let k = from; k < to; k++) {
    for (let step = 1; step <= 8; step++) bounds.push(2 ** k * (1 + step / 8) / 1e9);
  }
  return bounds;
}

const coarsen = (upperBoundsS: number[], counts: number[], sumS = 0) =>
  new Coarsener().coarsen({ upperBoundsS, counts, sumS });

Deno.test("Coarsener keeps one bound for each doubling, and the exact counts up to it", () => {
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

Deno.test("Coarsener loses no value outside the bounds that it keeps", () => {
  assert.deepEqual(cumulative(coarsen([1e-9, 0.001, 1, 1e6], [5, 0, 2, 3, 4])), [
    { le: "0.001", count: 5 },
    { le: "1", count: 7 },
    { le: "+Inf", count: 14 },
  ]);
});

Deno.test("Coarsener makes of an empty histogram only +Inf, at 0", () => {
  assert.deepEqual(cumulative(coarsen([], [])), [{ le: "+Inf", count: 0 }]);
});

Deno.test("Coarsener tells arrays of bounds apart", () => {
  const coarsener = new Coarsener();
  const short = [0.001, 1];
  const long = [0.001, 1, 8];
  for (const bounds of [short, long, short]) {
    const buckets = coarsener.coarsen({ upperBoundsS: bounds, counts: bounds.map(() => 1), sumS: 0 });
    assert.deepEqual(buckets.layout.le, [...bounds.map(String), "+Inf"]);
    assert.deepEqual([...buckets.counts], [...bounds.map(() => 1), 0]);
  }
});

Deno.test("addIncrease() adds what is new, and all of a bucket that began anew", () => {
  const first = coarsen([0.001, 1], [2, 3], 4);
  const second = coarsen([0.001, 1], [2, 5], 6.5);
  const anew = coarsen([0.001, 1], [1, 1], 0.5);
  const total = emptyLike(first);
  addIncrease(total, first, undefined);
  addIncrease(total, second, first);
  assert.deepEqual([[...total.counts], total.sumS], [[2, 5, 0], 6.5]);
  addIncrease(total, anew, second);
  assert.deepEqual([[...total.counts], total.sumS], [[3, 6, 0], 7]);
});

Deno.test("increase() takes a counter that shrank for one that began anew", () => {
  assert.equal(increase(5, undefined), 5);
  assert.equal(increase(5, 3), 2);
  assert.equal(increase(5, 5), 0);
  assert.equal(increase(2, 5), 2);
});
