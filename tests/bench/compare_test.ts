import assert from "node:assert/strict";
import { compareRounds } from "../../bench/compare.ts";
import type { Measured } from "../../bench/summary.ts";

/** Invocations that do not overlap, so that the oracle's turnaround is the CPU time; each takes `factor` times that. */
function run(factor: number, cpuMs: readonly number[] = [10, 100]): Measured[] {
  return cpuMs.map((cpu, index) => ({
    function: index % 2 === 0 ? "short" : "long",
    dueMs: index * 10_000,
    endMs: index * 10_000 + cpu * factor,
    cpuMs: cpu,
    executionMs: cpu,
    failed: false,
  }));
}

Deno.test("compareRounds() gives every policy's figures, the oracle's too, and the gap closed", () => {
  const { policies, gapClosed, meanRatio, longest, cpuMs } = compareRounds([
    new Map([["default", run(5)], ["alps:avg", run(2)]]),
  ], 1);
  assert.deepEqual(Object.keys(policies), ["default", "alps:avg", "oracle"]);
  assert.equal(policies.default!.all.mean_ms, 275);
  assert.equal(policies["alps:avg"]!.functions.short!.mean_ms, 20);
  assert.equal(policies.oracle!.all.mean_ms, 55);
  assert.deepEqual(gapClosed, { "alps:avg": { median: 0.75, low: 0.75, high: 0.75 } });
  assert.equal(meanRatio["alps:avg"]!.median, 0.4);
  assert.equal(longest.function, "long");
  assert.equal(longest.p99Ratio["alps:avg"]!.median, 0.4);
  assert.deepEqual([...cpuMs], [["short", 10], ["long", 100]]);
});

Deno.test("compareRounds() takes medians of what each round gave", () => {
  const rounds = [2, 3, 5].map((factor) => new Map([["default", run(5)], ["alps:avg", run(factor)]]));
  const { policies, gapClosed, meanRatio } = compareRounds(rounds, 1);
  assert.equal(gapClosed["alps:avg"]!.median, 0.5);
  assert.equal(meanRatio["alps:avg"]!.median, 0.6);
  assert.equal(policies["alps:avg"]!.all.n, 6);
  assert.ok(gapClosed["alps:avg"]!.low <= 0.5 && gapClosed["alps:avg"]!.high >= 0.5);
});

Deno.test("compareRounds() takes the least CPU time of each invocation for the oracle", () => {
  const { policies, cpuMs } = compareRounds([
    new Map([["default", run(1, [12, 90])], ["alps:avg", run(1, [10, 100])]]),
  ], 1);
  assert.equal(policies.oracle!.all.mean_ms, 50);
  assert.deepEqual([...cpuMs], [["short", 10], ["long", 90]]);
});

Deno.test("compareRounds() has no gap closed where there was no gap", () => {
  const { gapClosed, meanRatio } = compareRounds(
    [new Map([["default", run(1)], ["default again", run(1)]])],
    1,
  );
  assert.deepEqual(gapClosed, {});
  assert.equal(meanRatio["default again"]!.median, 1);
});

Deno.test("compareRounds() refuses runs of different invocations, and no round", () => {
  const rounds = [new Map([["default", run(1)], ["alps:avg", run(1, [10, 100, 10])]])];
  assert.throws(() => compareRounds(rounds, 1), RangeError);
  assert.throws(() => compareRounds([], 1), RangeError);
});
