import assert from "node:assert/strict";
import { oracleRun } from "../../bench/oracle.ts";
import type { Measured } from "../../bench/summary.ts";

function row(dueMs: number, cpuMs: number, changes: Partial<Measured> = {}): Measured {
  return {
    function: "f-1",
    dueMs,
    endMs: dueMs + 5 * cpuMs,
    cpuMs,
    executionMs: cpuMs,
    failed: false,
    ...changes,
  };
}

Deno.test("oracleRun() is SRPT over the least measured CPU times", () => {
  const runs = [[row(0, 100), row(10, 7)], [row(0, 90), row(10, 8)]];
  assert.deepEqual(oracleRun(runs, 1), [
    { function: "f-1", dueMs: 0, endMs: 97, cpuMs: 90, executionMs: 97, failed: false },
    { function: "f-1", dueMs: 10, endMs: 17, cpuMs: 7, executionMs: 7, failed: false },
  ]);
  assert.deepEqual(oracleRun(runs, 2).map(({ endMs }) => endMs), [90, 17]);
});

Deno.test("oracleRun() leaves failed measurements out", () => {
  const runs = [[row(0, 1, { failed: true }), row(5, 2, { failed: true })], [
    row(0, 20),
    row(5, 3, { failed: true }),
  ]];
  assert.deepEqual(oracleRun(runs, 1).map(({ cpuMs, failed }) => [cpuMs, failed]), [[20, false], [0, true]]);
});

Deno.test("oracleRun() refuses runs that are not of the same invocations", () => {
  assert.throws(() => oracleRun([], 1), /oracle of 0 runs: must be at least 1/);
  assert.throws(() => oracleRun([[row(0, 1)], []], 1), /run 2 has 0 invocations, must have 1/);
  assert.throws(
    () => oracleRun([[row(0, 1)], [row(2, 1)]], 1),
    /invocation 1 of run 2 is of f-1 due at 2 ms, must be/,
  );
});
