import assert from "node:assert/strict";
import { loadOf, makeWorkload } from "../../simulate/workload.ts";

Deno.test("makeWorkload() orders by arrival and counts from the first one", () => {
  const workload = makeWorkload([
    { function: "b", arrivalNs: 1.7e18 + 4096, cpuNs: 2 },
    { function: "a", arrivalNs: 1.7e18, cpuNs: 1 },
    { function: "b", arrivalNs: 1.7e18, cpuNs: 3 },
  ]);
  assert.deepEqual([...workload.arrivalNs], [0, 0, 4096]);
  assert.deepEqual([...workload.cpuNs], [1, 3, 2]);
  assert.deepEqual(workload.functions, ["a", "b"]);
  assert.deepEqual([...workload.functionIds], [0, 1, 1]);
});

Deno.test("makeWorkload() refuses times that cannot be", () => {
  const one = (arrivalNs: number, cpuNs: number) => () => makeWorkload([{ function: "f", arrivalNs, cpuNs }]);
  assert.throws(
    one(NaN, 1),
    /^RangeError: cannot simulate invocation 1 that arrives at NaN ns: must be finite$/,
  );
  for (const cpuNs of [-1, NaN, Infinity]) assert.throws(one(0, cpuNs), /must be finite and at least 0$/);
  assert.throws(one(0, 2e18), /must be 1000000000000000000 ns \(31 years\) at most together$/);
});

Deno.test("loadOf() is CPU time over cores and span, and 0 without a span", () => {
  const invocation = (arrivalNs: number) => ({ function: "f", arrivalNs, cpuNs: 30 });
  assert.equal(loadOf(makeWorkload([invocation(0), invocation(100)]), 2), 0.3);
  assert.equal(loadOf(makeWorkload([invocation(5), invocation(5)]), 2), 0);
  assert.equal(loadOf(makeWorkload([]), 2), 0);
});
