import assert from "node:assert/strict";
import { rankFunctions } from "../../learn/rank.ts";

Deno.test("rankFunctions() orders by predicted slice, then predicted CPU time, then id", () => {
  const functions = [
    { functionId: 1, rankedSliceNs: 5, predictedCpuNs: 5 },
    { functionId: 4, rankedSliceNs: 3, predictedCpuNs: 9 },
    { functionId: 3, rankedSliceNs: 3, predictedCpuNs: 9 },
    { functionId: 2, rankedSliceNs: 3, predictedCpuNs: 4 },
  ];
  assert.deepEqual(rankFunctions(functions).map((each) => each.functionId), [2, 3, 4, 1]);
  assert.deepEqual(functions.map((each) => each.functionId), [1, 4, 3, 2]);
});
