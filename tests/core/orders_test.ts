import assert from "node:assert/strict";
import { OrdersIntake, OrdersSender, packOrders } from "../../core/orders.ts";
import type { FunctionPolicy, Policy, RankPoints } from "../../learn/policy.ts";

const table = (ns: number) => [0, ns];

function fn(
  functionId: number,
  of: RankPoints,
  tailSlope = 1,
): FunctionPolicy {
  return { functionId, priority: 1, sliceNs: 1, predictedCpuNs: 1, table: of, tailSlope };
}

function policy(...functions: FunctionPolicy[]): Policy {
  return { epoch: 1, ml: "avg", cpuUtilization: 0, functions, prior: undefined };
}

Deno.test("OrdersSender.next() sends what is new, what has another table, and what is gone", () => {
  const sender = new OrdersSender();
  const one = fn(1, table(1)), two = fn(2, table(2));
  assert.deepEqual(sender.next(policy(one, two), []), {
    changed: [one, two],
    removed: [],
    pinned: [],
    pinnedSlices: [],
    prior: undefined,
  });
  const other = fn(2, table(3)), three = fn(3, table(3));
  assert.deepEqual(sender.next(policy(other, three), []), {
    changed: [other, three],
    removed: [1],
    pinned: [],
    pinnedSlices: [],
    prior: undefined,
  });
  assert.deepEqual(sender.next(undefined, []), {
    changed: [],
    removed: [2, 3],
    pinned: [],
    pinnedSlices: [],
    prior: undefined,
  });
});

Deno.test("OrdersSender.next() sends nothing of a function whose table is the same", () => {
  const sender = new OrdersSender(), same = table(1);
  sender.next(policy(fn(1, same)), []);
  assert.deepEqual(sender.next(policy({ ...fn(1, same), priority: 7, sliceNs: 9 }), []).changed, []);
  assert.equal(sender.next(policy(fn(1, same, 2)), []).changed.length, 1, "another slope is another order");
});

Deno.test("OrdersSender.next() sends a slice that has changed, where slices are enforced", () => {
  const sender = new OrdersSender(true), same = table(1);
  sender.next(policy(fn(1, same)), []);
  assert.deepEqual(sender.next(policy(fn(1, same)), []).changed, []);
  assert.equal(sender.next(policy({ ...fn(1, same), sliceNs: 9 }), []).changed.length, 1);
  assert.deepEqual(sender.next(policy(fn(1, same)), [], [[1, 2e6]]).pinnedSlices, [[1, 2e6]]);
});

Deno.test("OrdersSender.next() always sends all pins", () => {
  const sender = new OrdersSender(), same = policy(fn(1, table(1)));
  sender.next(same, [[1, 5]]);
  assert.deepEqual(sender.next(same, [[1, 5], [2, 6]]), {
    changed: [],
    removed: [],
    pinned: [[1, 5], [2, 6]],
    pinnedSlices: [],
    prior: undefined,
  });
  assert.deepEqual(sender.next(same, []).pinned, []);
});

Deno.test("OrdersIntake.next() gives orders in pieces, in their order, and nothing twice", () => {
  const intake = new OrdersIntake(), ids = (count: number) => Array.from({ length: count }, (_, id) => id);
  assert.deepEqual([intake.hasMore, intake.next()], [false, undefined]);
  const prior = { table: [0, 1], tailSlope: 1 };
  intake.add(
    packOrders({ changed: ids(5000).map((id) => fn(id, table(id))), removed: [], pinned: [], prior }),
  );
  intake.add(
    packOrders({ changed: [fn(7, table(9))], removed: ids(3000), pinned: [[1, 2]], prior: undefined }),
  );
  const known = new Map<number, RankPoints>(), pins: unknown[] = [];
  let pieces = 0, most = 0;
  for (; intake.hasMore; pieces++) {
    const { changed, removed, pinned } = intake.next()!, list = [...changed];
    most = Math.max(most, list.length + removed.length);
    for (const id of removed) known.delete(id);
    for (const each of list) known.set(each.functionId, each.table);
    pins.push(pinned);
  }
  assert.deepEqual([...known.keys()].sort((a, b) => a - b), [7, ...ids(5000).slice(3000)]);
  assert.deepEqual(known.get(7), table(9));
  assert.deepEqual(pins.at(-1), [[1, 2]]);
  assert.ok(most <= 2000 && pieces >= 4, `${pieces} pieces of at most ${most}`);
});
