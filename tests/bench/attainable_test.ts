import assert from "node:assert/strict";
import { attainableGap, simulatedMeanMs } from "../../bench/attainable.ts";
import { compareRounds } from "../../bench/compare.ts";
import type { Measured } from "../../bench/summary.ts";

/** Two invocations that come at once, which end at these times. */
function run(cpuMs: readonly [number, number], endMs: readonly [number, number]): Measured[] {
  return [0, 1].map((i) => ({
    function: `f-${i}`,
    dueMs: 0,
    endMs: endMs[i]!,
    cpuMs: cpuMs[i]!,
    executionMs: cpuMs[i]!,
    failed: false,
  }));
}

Deno.test("simulatedMeanMs() knows sizes, or only functions, on what others left of the machine", () => {
  const measured = run([100, 10], [110, 110]);
  assert.equal(simulatedMeanMs({ measured, othersPercent: 0 }, "srpt", 1), (10 + 110) / 2);
  assert.equal(simulatedMeanMs({ measured, othersPercent: 50 }, "srpt", 1), (20 + 220) / 2);
  assert.equal(simulatedMeanMs({ measured, othersPercent: 0 }, "srpt", 2), (10 + 100) / 2);
  // One function, of which nobody knows which is the short one: the one that came first goes first.
  const alike = measured.map((row) => ({ ...row, function: "f" }));
  assert.equal(simulatedMeanMs({ measured: alike, othersPercent: 0 }, "srpt", 1), (10 + 110) / 2);
  const told = simulatedMeanMs({ measured: alike, othersPercent: 0 }, "gittins", 1);
  assert.ok(Math.abs(told - (20 + 110) / 2) < 0.01, String(told)); // gives way just after 10 ms
});

Deno.test("simulatedMeanMs() leaves failed invocations out", () => {
  const [long, short] = run([100, 10], [110, 110]);
  assert.equal(
    simulatedMeanMs({ measured: [long!, { ...short!, failed: true }], othersPercent: 0 }, "srpt", 1),
    100,
  );
});

Deno.test("attainableGap() is 1 where a run has the machine and the least CPU times, and less where it has not", () => {
  const byDefault = run([100, 10], [110, 110]),
    ordered = run([100, 10], [110, 10]),
    slower = run([105, 12], [117, 12]);
  const gap = (policy: Measured[], othersPercent: number) => {
    const comparison = compareRounds([new Map([["default", byDefault], ["alps:avg", policy]])], 1);
    return attainableGap(comparison, [{ measured: policy, othersPercent }], 1)?.sizes_known.median;
  };
  assert.equal(gap(ordered, 0), 1); // 60 ms of 110, the oracle's own
  assert.equal(gap(slower, 0), (110 - 64.5) / 50);
  assert.equal(gap(ordered, 20), (110 - 75) / 50);
});

Deno.test("attainableGap() is undefined where there was no gap, or the policy is in no round", () => {
  const same = run([100, 10], [110, 10]);
  const comparison = compareRounds([new Map([["default", same], ["alps:avg", same]])], 1);
  assert.equal(attainableGap(comparison, [{ measured: same, othersPercent: 0 }], 1), undefined);
  assert.equal(attainableGap(comparison, [undefined], 1), undefined);
});
