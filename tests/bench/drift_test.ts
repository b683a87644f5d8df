import assert from "node:assert/strict";
import { driftPercent } from "../../bench/drift.ts";

function run(cpuMs: number[], failed: number[] = []) {
  return cpuMs.map((cpuMs, index) => ({
    function: "f",
    dueMs: index,
    endMs: index + cpuMs,
    cpuMs,
    executionMs: cpuMs,
    failed: failed.includes(index),
  }));
}

Deno.test("driftPercent() compares the CPU time of all runs, whatever single invocations took", () => {
  assert.equal(driftPercent([run([10, 30]), run([30, 10])]), 0);
  assert.equal(driftPercent([run([10, 10]), run([10, 15]), run([12, 12])]), 25);
});

Deno.test("driftPercent() leaves out what failed in any run", () => {
  assert.equal(Math.round(driftPercent([run([10, 10, 500], [2]), run([10, 11, 1])])), 5);
  assert.equal(driftPercent([run([10], [0]), run([10])]), 0);
});
