import assert from "node:assert/strict";
import { MOST_RUNS, RecentRuns } from "../../core/recent_runs.ts";
import type { Invocation } from "../../observe/invocation.ts";

function ended(endNs: number): Invocation {
  return {
    functionId: endNs % 7,
    pid: 1,
    kind: "process",
    startNs: endNs - 5,
    endNs,
    cpuNs: 3,
    waitNs: 0,
    firstRunNs: 0,
    preemptions: 0,
  };
}

Deno.test("RecentRuns gives what ended after a time, oldest first", () => {
  const runs = new RecentRuns();
  assert.equal(runs.since(0).endNs.length, 0);
  runs.add([10, 20, 30].map(ended));
  assert.deepEqual(runs.since(15), {
    functionIds: Float64Array.of(6, 2),
    startNs: Float64Array.of(15, 25),
    endNs: Float64Array.of(20, 30),
    cpuNs: Float64Array.of(3, 3),
  });
  assert.equal(runs.since(30).endNs.length, 0);
});

Deno.test("RecentRuns keeps so many of the latest, while it grows and after it", () => {
  const runs = new RecentRuns(), total = MOST_RUNS + 5000;
  for (let from = 1; from <= total; from += 1000) {
    const batch = Array.from({ length: Math.min(1000, total - from + 1) }, (_, i) => ended(from + i));
    runs.add(batch);
    const { endNs } = runs.since(0);
    assert.equal(endNs.length, Math.min(MOST_RUNS, from + batch.length - 1));
    assert.deepEqual([endNs[0], endNs.at(-1)], [from + batch.length - endNs.length, from + batch.length - 1]);
  }
});
