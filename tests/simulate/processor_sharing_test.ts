import assert from "node:assert/strict";
import { simulateProcessorSharing } from "../../simulate/processor_sharing.ts";
import { workloadOf } from "./workloads.ts";

function completionsMs(cores: number, ...rows: [number, number][]): number[] {
  const { completionNs } = simulateProcessorSharing(workloadOf(...rows), { cores });
  return [...completionNs].map((endNs) => Math.round(endNs) / 1e6);
}

Deno.test("simulateProcessorSharing() gives all active jobs equal shares", () => {
  // Alone until 10, then half each until the short one has its 20 at 50.
  assert.deepEqual(completionsMs(1, [0, 100], [10, 20]), [120, 50]);
});

Deno.test("simulateProcessorSharing() gives no job more than one core", () => {
  assert.deepEqual(completionsMs(2, [0, 100], [10, 20]), [100, 30]);
  // Three on two cores: two thirds each until the first two have their 20 at 30.
  assert.deepEqual(completionsMs(2, [0, 20], [0, 20], [0, 50]), [30, 30, 60]);
});

Deno.test("simulateProcessorSharing() takes gaps, jobs without work and none at all", () => {
  assert.deepEqual(completionsMs(1, [0, 5], [50, 5]), [5, 55]);
  assert.deepEqual(completionsMs(1, [0, 0]), [0]);
  assert.deepEqual(completionsMs(1), []);
});
