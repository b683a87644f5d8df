import assert from "node:assert/strict";
import { makeTrace, MIXES } from "../../bench/mixes.ts";
import { referenceCpuMs } from "../../bench/reference_times.ts";

Deno.test("referenceCpuMs() knows all jobs of the mixes, and no others", () => {
  for (const mix of Object.values(MIXES)) {
    const rows = makeTrace({ mix, seed: 1, load: 0.9, cores: 2, seconds: 60, cpuMsOf: referenceCpuMs });
    const cpuMs = rows.reduce((sum, { job, n }) => sum + referenceCpuMs(job, n), 0);
    assert.ok(Math.abs(cpuMs / (2 * rows.at(-1)!.dueMs) - 0.9) < 0.001);
  }
  assert.throws(() => referenceCpuMs("fib", 99), /job "fib" with n 99/);
  assert.throws(() => referenceCpuMs("toString", 1), RangeError);
});
