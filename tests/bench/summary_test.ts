import assert from "node:assert/strict";
import {
  combineRounds,
  gapClosed,
  type Measured,
  medianInterval,
  summarize,
  summarizeRun,
} from "../../bench/summary.ts";
import { percentile } from "../../simulate/percentile.ts";

function row(turnaroundMs: number, changes: Partial<Measured> = {}): Measured {
  return {
    function: "a-1",
    dueMs: 50,
    endMs: 50 + turnaroundMs,
    cpuMs: 2,
    executionMs: 3,
    failed: false,
    ...changes,
  };
}

Deno.test("percentile() takes the nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  assert.deepEqual([0, 0.5, 0.9, 0.99, 1].map((share) => percentile(hundred, share)), [1, 50, 90, 99, 100]);
  assert.deepEqual([0.5, 0.99].map((share) => percentile([3, 8, 9], share)), [8, 9]);
});

Deno.test("summarize() computes what the report defines", () => {
  const rows = [
    row(10),
    row(4, { cpuMs: 4 }),
    row(100, { failed: true, cpuMs: 0 }),
    row(40, { executionMs: 9 }),
  ];
  assert.deepEqual(summarize(rows), {
    n: 4,
    failed: 1,
    mean_ms: 18,
    p50_ms: 10,
    p90_ms: 40,
    p99_ms: 40,
    mean_slowdown: (5 + 1 + 20) / 3,
    mean_execution_ms: 5,
  });
});

Deno.test("summarize() is finite where nothing succeeded or nothing used the CPU", () => {
  const none = summarize([row(10, { failed: true })]);
  assert.deepEqual([none.n, none.failed, none.mean_ms, none.p99_ms, none.mean_slowdown], [1, 1, 0, 0, 0]);
  assert.equal(summarize([row(10, { cpuMs: 0 })]).mean_slowdown, 0);
  assert.equal(summarize([]).n, 0);
});

Deno.test("summarizeRun() separates functions, whatever they are called", () => {
  const result = summarizeRun([row(10), row(20, { function: "__proto__" }), row(40)]);
  assert.deepEqual(Object.keys(result.functions), ["__proto__", "a-1"]);
  assert.equal(result.all.mean_ms, 70 / 3);
  assert.equal(result.functions["a-1"]!.mean_ms, 25);
});

Deno.test("combineRounds() takes medians of times and sums of counts", () => {
  const rounds = [[row(10)], [row(30), row(30, { function: "b-2" })], [row(20, { failed: true }), row(11)]]
    .map(summarizeRun);
  const combined = combineRounds(rounds);
  assert.deepEqual([combined.all.n, combined.all.failed, combined.all.mean_ms], [5, 1, 11]);
  assert.deepEqual([combined.functions["a-1"]!.mean_ms, combined.functions["b-2"]!.mean_ms], [11, 30]);
  assert.throws(() => combineRounds([]), /cannot combine 0 rounds/);
});

Deno.test("gapClosed() is 0 at the default, 1 at the oracle, and says where there is no gap", () => {
  assert.deepEqual([100, 50, 75, 125].map((mean) => gapClosed(100, mean, 50)), [0, 1, 0.5, -0.5]);
  assert.ok(Number.isNaN(gapClosed(50, 50, 50)));
});

Deno.test("medianInterval() contains the median, and is a point where all agree", () => {
  const interval = medianInterval([0.9, 0.8, 0.95, 0.85, 0.7]);
  assert.equal(interval.median, 0.85);
  assert.ok(interval.low >= 0.7 && interval.low < 0.85 && interval.high > 0.85 && interval.high <= 0.95);
  assert.deepEqual(medianInterval([0.9, 0.8, 0.95, 0.85, 0.7]), interval);
  assert.deepEqual(medianInterval([3]), { median: 3, low: 3, high: 3 });
  assert.throws(() => medianInterval([]), /median of 0 figures/);
});
