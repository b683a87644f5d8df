import assert from "node:assert/strict";
import { InvocationWindow, WINDOW_INVOCATIONS } from "../../learn/window.ts";

const MS = 1e6;

Deno.test("InvocationWindow simulates its invocations and gives the slices by function", () => {
  const window = new InvocationWindow(1);
  // The long one is preempted after 10 ms for 5 ms; the times are far from 0 as a machine's uptime is.
  const startNs = 40 * 86400e9;
  window.add({ functionId: 7, startNs: startNs + 10 * MS, cpuNs: 5 * MS });
  window.add({ functionId: 9, startNs, cpuNs: 100 * MS });
  assert.deepEqual(window.simulatedSlices(), new Map([[7, [5 * MS]], [9, [10 * MS, 90 * MS]]]));
});

Deno.test("InvocationWindow keeps the most recent invocations only, oldest first", () => {
  const window = new InvocationWindow(4);
  for (let index = 0; index < WINDOW_INVOCATIONS + 3; index++) {
    window.add({ functionId: index < 3 ? 1 : 2, startNs: index * MS, cpuNs: index });
  }
  const slicesNs = window.simulatedSlices();
  assert.deepEqual([...slicesNs.keys()], [2]);
  assert.equal(slicesNs.get(2)!.length, WINDOW_INVOCATIONS);
  assert.deepEqual([slicesNs.get(2)![0], slicesNs.get(2)!.at(-1)], [3, WINDOW_INVOCATIONS + 2]);
});

Deno.test("InvocationWindow is empty at first and refuses impossible machines", () => {
  assert.deepEqual(new InvocationWindow(1).simulatedSlices(), new Map());
  assert.throws(() => new InvocationWindow(0), /cannot learn for 0 cores: must be/);
});
