import assert from "node:assert/strict";
import { ScxEnforcer } from "../../enforce/scx.ts";
import type { KernelRank } from "../../enforce/scx_ranks.ts";

/** A scheduler that remembers what it was told. */
function scene() {
  const ranks = new Map<number, KernelRank>(), done: string[] = [];
  const scheduler = {
    inForce: false,
    ended: undefined,
    attach: () => void (scheduler.inForce = true),
    detach: () => void (scheduler.inForce = false),
    setRank: (id: number, rank: KernelRank) => void ranks.set(id, rank),
    deleteRank: (id: number) => void ranks.delete(id),
    setPrior: (rank: KernelRank | undefined) => void done.push(rank ? "prior" : "no prior"),
    reorder: () => void done.push("reorder"),
    figures: () => {
      throw new Error("not asked");
    },
  };
  return { ranks, done, scheduler, enforcer: new ScxEnforcer(scheduler) };
}

function policy(functionId: number, ns: number) {
  return { functionId, priority: 1, sliceNs: ns, predictedCpuNs: ns, table: [0, ns, ns, 0], tailSlope: 1 };
}

Deno.test("ScxEnforcer hands over what changes, and takes back what is removed", () => {
  const { ranks, done, enforcer } = scene();
  enforcer.setOrders({
    changed: [policy(1, 5e6), policy(2, 9e6)],
    removed: [],
    pinned: [],
    prior: undefined,
  });
  assert.deepEqual([...ranks.keys()], [1, 2]);
  assert.deepEqual(ranks.get(2)?.table, { table: [0, 9e6, 9e6, 0], tailSlope: 1 });
  assert.deepEqual(done, ["no prior", "reorder"], "last: those that wait are put in order");
  enforcer.setOrders({
    changed: [],
    removed: [1],
    pinned: [],
    prior: { table: [0, 1], tailSlope: 1 },
  });
  assert.deepEqual([...ranks.keys()], [2]);
  assert.deepEqual(done.slice(2), ["prior", "reorder"]);
});

Deno.test("ScxEnforcer lays pins over what is learned, and what is learned is there again without them", () => {
  const { ranks, enforcer } = scene();
  const none = { changed: [], removed: [], pinned: [], prior: undefined };
  enforcer.setOrders({ ...none, changed: [policy(1, 5e6)] });
  enforcer.setOrders({ ...none, pinned: [[1, -Infinity], [7, 3]], pinnedSlices: [[1, 2e6]] });
  assert.deepEqual([ranks.get(1)?.pinnedNs, ranks.get(1)?.sliceNs, ranks.get(7)?.pinnedNs], [
    -Infinity,
    2e6,
    3,
  ]);
  assert.ok(ranks.get(1)?.table);
  enforcer.setOrders(none);
  assert.deepEqual([ranks.get(1)?.pinnedNs, ranks.get(1)?.sliceNs, ranks.has(7)], [undefined, 5e6, false]);
});

Deno.test("ScxEnforcer is out of force after release(), and in force again with the next decision", () => {
  const { scheduler, enforcer } = scene();
  assert.equal(enforcer.decide(), Infinity);
  assert.equal(scheduler.inForce, true);
  enforcer.release();
  assert.equal(scheduler.inForce, false);
  enforcer.decide();
  assert.equal(scheduler.inForce, true);
});
