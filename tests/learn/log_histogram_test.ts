import assert from "node:assert/strict";
import { LogHistogram, MOST_WEIGHT } from "../../learn/log_histogram.ts";
import { normal, randomNumbers } from "../../traces/random.ts";

const MS = 1e6;

function filled(values: Iterable<number>): LogHistogram {
  const histogram = new LogHistogram();
  for (const value of values) histogram.add(value);
  return histogram;
}

Deno.test("LogHistogram knows the mean and the variance of the logarithms to the width of its buckets", () => {
  const random = randomNumbers(1), logs = Array.from({ length: 1000 }, () => 17 + normal(random));
  const histogram = filled(logs.map(Math.exp));
  const mean = logs.reduce((sum, log) => sum + log, 0) / 1000;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / 1000;
  assert.ok(Math.abs(histogram.logMean - mean) < 0.011);
  assert.ok(Math.abs(histogram.logVariance / variance - 1) < 0.02);
  assert.deepEqual([new LogHistogram().logMean, new LogHistogram().logVariance], [0, 0]);
});

Deno.test("LogHistogram.stretches() has stretches of about one weight, in order, that hold all values", () => {
  const random = randomNumbers(2), values = Array.from({ length: 1000 }, () => MS * Math.exp(normal(random)));
  const stretches = filled(values).stretches(10, 19);
  assert.ok(stretches.length >= 10 && stretches.length <= 40, `${stretches.length}`);
  assert.equal(stretches.reduce((sum, { weight }) => sum + weight, 0), 1000);
  stretches.forEach(({ from, to, weight }, place) => {
    assert.ok(to > from && (place === 0 || from >= stretches[place - 1]!.to));
    const inside = values.filter((value) => Math.log(value) >= from && Math.log(value) < to).length;
    assert.equal(inside, weight);
  });
});

Deno.test("LogHistogram.stretches() keeps two peaks apart", () => {
  const stretches = filled([...new Array(50).fill(5 * MS), ...new Array(50).fill(400 * MS)]).stretches(1, 19);
  assert.equal(stretches.length, 2);
  assert.ok(stretches[0]!.to < Math.log(6 * MS) && stretches[1]!.from > Math.log(350 * MS));
});

Deno.test("LogHistogram forgets: a billion values weigh as much as a few thousand, and the new ones show", () => {
  const histogram = filled(new Array(10_000).fill(5 * MS));
  assert.ok(histogram.weight < MOST_WEIGHT && histogram.weight >= MOST_WEIGHT / 2);
  for (let i = 0; i < 20_000; i++) histogram.add(50 * MS);
  assert.ok(Math.abs(Math.exp(histogram.logMean) / (50 * MS) - 1) < 0.02);
});

Deno.test("LogHistogram takes absurd values as the least and the greatest", () => {
  const histogram = filled([0, -1, 1e300, Infinity]);
  assert.equal(histogram.weight, 4);
  for (const { from, to } of histogram.stretches(4, 19)) {
    assert.ok(from > 0 && to > from && to < Math.log(1e16));
  }
});

Deno.test("LogHistogram.from() is what toNumbers() wrote down, and takes no nonsense", () => {
  const random = randomNumbers(3);
  const histogram = filled(Array.from({ length: 300 }, () => MS * Math.exp(normal(random))));
  const again = LogHistogram.from(histogram.toNumbers());
  assert.deepEqual(again.toNumbers(), histogram.toNumbers());
  assert.deepEqual(again.stretches(8, 19), histogram.stretches(8, 19));
  assert.equal(LogHistogram.from([]).weight, 0);
  assert.equal(LogHistogram.from([500, NaN, -3, Infinity, 1e9, 2]).weight, 2);
  assert.equal(LogHistogram.from([1e9, 1]).stretches(1, 19)[0]!.to < Math.log(1e16), true);
});
