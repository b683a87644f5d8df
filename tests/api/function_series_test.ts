import assert from "node:assert/strict";
import type { FunctionMetrics } from "../../api/agent_view.ts";
import { functionLabel, FunctionSeries, increase, MAX_FUNCTION_SERIES } from "../../api/function_series.ts";

function figures(name: string, cpuSeconds: number, invocations = 1): FunctionMetrics {
  const histogram = { upperBoundsS: [0.001, 1], counts: [0, invocations], sumS: cpuSeconds };
  return {
    name,
    invocations,
    cpuSeconds,
    waitSeconds: 1,
    preemptions: 2,
    dispatches: 3,
    cpu: histogram,
    turnaround: histogram,
  };
}

Deno.test("FunctionSeries has the 200 busiest by CPU time, and sums the rest as other", () => {
  const functions = Array.from({ length: 300 }, (_, i) => figures(`f${i}`, i, i));
  const entries = new FunctionSeries().update(functions);
  assert.equal(entries.length, MAX_FUNCTION_SERIES + 1);
  assert.deepEqual(entries.slice(0, 2).map(({ label }) => label), ["f299", "f298"]);
  assert.equal(entries[199]?.label, "f100");
  const rest = entries.at(-1);
  assert.equal(rest?.label, "other");
  assert.equal(rest?.invocations, 99 * 100 / 2);
  assert.equal(rest?.cpuSeconds, 99 * 100 / 2);
  assert.equal(rest?.preemptions, 200);
  assert.deepEqual([...rest?.cpu.counts ?? []], [0, 99 * 100 / 2, 0]);
});

Deno.test("FunctionSeries has no other where every function has its series", () => {
  const functions = Array.from({ length: 200 }, (_, i) => figures(`f${i}`, i));
  assert.ok(!new FunctionSeries().update(functions).some(({ label }) => label === "other"));
});

Deno.test("FunctionSeries: other never shrinks, and grows by what its members grew", () => {
  const series = new FunctionSeries(1);
  const rest = (functions: FunctionMetrics[]) =>
    series.update(functions).find(({ label }) => label === "other")?.cpuSeconds;
  assert.equal(rest([figures("a", 10), figures("b", 4)]), 4);
  assert.equal(rest([figures("a", 11), figures("b", 6)]), 6);
  // b becomes the busiest: what it added stays, a's earlier time does not come on top.
  assert.equal(rest([figures("a", 12), figures("b", 20)]), 7);
  assert.equal(rest([figures("a", 15), figures("b", 21)]), 10);
  // a is forgotten, and comes back from zero.
  assert.equal(rest([figures("b", 22)]), 10);
  assert.equal(rest([figures("a", 2), figures("b", 23)]), 12);
});

Deno.test("FunctionSeries: other's buckets grow by what is new, and by all of a function that began anew", () => {
  const series = new FunctionSeries(0), upperBoundsS = [0.001, 1];
  const rest = (counts: number[], sumS: number) => {
    const histogram = { upperBoundsS, counts, sumS };
    const [other] = series.update([{ ...figures("a", sumS), cpu: histogram, turnaround: histogram }]);
    return [other!.cpu, other!.turnaround].map(({ counts, sumS }) => [...counts, sumS]);
  };
  assert.deepEqual(rest([2, 3], 4), [[2, 3, 0, 4], [2, 3, 0, 4]]);
  assert.deepEqual(rest([2, 5], 6.5), [[2, 5, 0, 6.5], [2, 5, 0, 6.5]]);
  assert.deepEqual(rest([1, 1], 0.5), [[3, 6, 0, 7], [3, 6, 0, 7]]);
});

Deno.test("FunctionSeries keeps nothing of the figures that it was given: they may be written over", () => {
  const series = new FunctionSeries(0), counts = new Uint32Array([1, 2]);
  const histogram = { upperBoundsS: [0.001, 1], counts, sumS: 1 };
  const functions = [{ ...figures("a", 1), cpu: histogram, turnaround: histogram }];
  series.update(functions);
  counts.set([5, 2]);
  assert.deepEqual([...series.update(functions)[0]!.cpu.counts], [5, 2, 0]);
});

Deno.test("increase() takes a counter that shrank for one that began anew", () => {
  assert.equal(increase(5, undefined), 5);
  assert.equal(increase(5, 3), 2);
  assert.equal(increase(5, 5), 0);
  assert.equal(increase(2, 5), 2);
});

Deno.test("FunctionSeries sums functions of one name", () => {
  const entries = new FunctionSeries().update([figures("a", 1), figures("a", 2), figures("b", 5)]);
  assert.deepEqual(entries.map(({ label, cpuSeconds }) => [label, cpuSeconds]), [["b", 5], ["a", 3]]);
});

Deno.test("functionLabel() keeps a function called other apart from the rest", () => {
  const names = ["other", "_other", "__other", "another", "other_", "Other", "_x"];
  assert.deepEqual(names.map(functionLabel), [
    "_other",
    "__other",
    "___other",
    "another",
    "other_",
    "Other",
    "_x",
  ]);
  const entries = new FunctionSeries(2).update([figures("other", 9), figures("_other", 8), figures("x", 1)]);
  assert.deepEqual(entries.map(({ label }) => label), ["_other", "__other", "other"]);
});

Deno.test("functionLabel() escapes what UTF-8 or Prometheus cannot hold", () => {
  assert.equal(functionLabel("a\0b\ud800c"), "a\\u0000b\\ud800c");
});
