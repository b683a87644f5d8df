import assert from "node:assert/strict";
import { Pins, priorityEntries } from "../../core/pins.ts";
import { Ranking } from "../../enforce/ranking.ts";
import type { FunctionPolicy, Policy } from "../../learn/policy.ts";

const MS = 1e6, DAY = 86400e9;

/** Functions 1 to `count` with priorities 1 to `count`; number i is predicted to take i ms. */
function policyOf(count: number): Policy {
  const functions = Array.from({ length: count }, (_, i): FunctionPolicy => {
    const functionId = i + 1, ns = functionId * MS;
    return {
      functionId,
      priority: functionId,
      sliceNs: ns / 2,
      predictedCpuNs: ns,
      table: [0, ns, ns, 0],
      tailSlope: 1,
    };
  });
  return { epoch: 3, ml: "avg", cpuUtilization: 50, functions, prior: undefined };
}

/** The functions in the order in which fresh invocations of them run, all started at `startNs`. */
function order(policy: Policy, pins: Pins, startNs = 5 * DAY, more: number[] = []): number[] {
  const ranking = new Ranking();
  ranking.setOrders({ changed: policy.functions, removed: [], pinned: pins.ranks(policy), prior: undefined });
  const ids = [...policy.functions.map((f) => f.functionId), ...more];
  return ids.toSorted((a, b) => ranking.rank(a, 0, startNs) - ranking.rank(b, 0, startNs));
}

Deno.test("Pins.ranks() puts a pinned function before the one with the next learned priority, for every position", () => {
  const policy = policyOf(5);
  for (let id = 1; id <= 5; id++) {
    for (let priority = 1; priority <= 7; priority++) {
      const pins = new Pins();
      pins.set(id, { priority }, 0);
      const others = [1, 2, 3, 4, 5].filter((other) => other !== id);
      const next = others.findIndex((other) => other >= priority);
      others.splice(next < 0 ? others.length : next, 0, id);
      for (const startNs of [0, 5 * DAY, 365 * DAY]) {
        assert.deepEqual(order(policy, pins, startNs), others, `${id} pinned to ${priority}`);
      }
    }
  }
});

Deno.test("Pins.ranks() orders a function of which nothing has been learned", () => {
  const pins = new Pins();
  pins.set(9, { priority: 3 }, 0);
  assert.deepEqual(order(policyOf(4), pins, DAY, [9]), [1, 2, 9, 3, 4]);
  pins.set(9, { priority: 1 }, 0);
  assert.deepEqual(order(policyOf(4), pins, DAY, [9]), [9, 1, 2, 3, 4]);
  pins.set(9, { priority: 1000 }, 0);
  assert.deepEqual(order(policyOf(4), pins, DAY, [9]), [1, 2, 3, 4, 9]);
});

Deno.test("Pins.ranks() orders pins among themselves by priority, wherever they stand", () => {
  const policy = policyOf(6);
  const cases: [pins: [id: number, priority: number][], wanted: number[]][] = [
    [[[5, 1], [6, 2]], [5, 1, 6, 2, 3, 4]],
    [[[1, 5], [2, 6]], [3, 4, 1, 5, 2, 6]],
    [[[1, 8], [2, 7]], [3, 4, 5, 6, 2, 1]],
    // Both between 1 and 6, because all others in between are pinned too.
    [[[2, 2], [3, 3], [4, 4], [5, 5]], [1, 2, 3, 4, 5, 6]],
    [[[2, 5], [3, 4], [4, 3], [5, 2]], [1, 5, 4, 3, 2, 6]],
    [[[1, 1], [2, 2], [3, 3], [4, 4], [5, 5], [6, 6]], [1, 2, 3, 4, 5, 6]],
    [[[1, 6], [2, 5], [3, 4], [4, 3], [5, 2], [6, 1]], [6, 5, 4, 3, 2, 1]],
  ];
  for (const [given, wanted] of cases) {
    const pins = new Pins();
    for (const [id, priority] of given) pins.set(id, { priority }, 0);
    assert.deepEqual(order(policy, pins), wanted, JSON.stringify(given));
  }
});

Deno.test("Pins.ranks(): of two functions pinned to one priority the older invocation goes first", () => {
  const pins = new Pins(), ranking = new Ranking();
  pins.set(1, { priority: 9 }, 0);
  pins.set(2, { priority: 9 }, 0);
  ranking.setOrders({
    changed: policyOf(3).functions,
    removed: [],
    pinned: pins.ranks(policyOf(3)),
    prior: undefined,
  });
  assert.ok(ranking.rank(1, 0, DAY) < ranking.rank(2, 0, DAY + MS));
  assert.ok(ranking.rank(2, 0, DAY) < ranking.rank(1, 0, DAY + MS));
});

Deno.test("Pins.ranks(): a day of age does not carry an invocation past a better pin", () => {
  const pins = new Pins(), ranking = new Ranking();
  pins.set(1, { priority: 50 }, 0);
  pins.set(2, { priority: 51 }, 0);
  ranking.setOrders({ changed: [], removed: [], pinned: pins.ranks(undefined), prior: undefined });
  assert.ok(ranking.rank(1, 0, 2 * DAY) < ranking.rank(2, 0, DAY));
});

Deno.test("Pins.ranks() before the first policy orders pinned functions, by priority", () => {
  const pins = new Pins();
  pins.set(1, { priority: 2 }, 0);
  pins.set(2, { priority: 1 }, 0);
  const ranks = new Map(pins.ranks(undefined));
  assert.ok(ranks.get(2)! < ranks.get(1)!);
});

Deno.test("Pins.ranks(): before anything is learned, priority 1 goes before what is unknown, 2 after it", () => {
  const pins = new Pins();
  pins.set(1, { priority: 1 }, 0);
  pins.set(2, { priority: 2 }, 0);
  const ranking = new Ranking();
  ranking.setOrders({ changed: [], removed: [], pinned: pins.ranks(undefined), prior: undefined });
  const [first, second, unknown] = [1, 2, 3].map((id) => ranking.rank(id, 0, 0));
  assert.ok(first! < unknown! && unknown! < second!, `${first} ${unknown} ${second}`);
});

Deno.test("Pins.ranks() leaves the learned order to a pin of the slice alone", () => {
  const pins = new Pins();
  pins.set(2, { slice_us: 500 }, 0);
  assert.deepEqual(pins.ranks(policyOf(3)), []);
  assert.deepEqual(order(policyOf(3), pins), [1, 2, 3]);
});

Deno.test("Pins.set() replaces what an earlier pin said, delete() takes it back", () => {
  const pins = new Pins();
  pins.set(1, { priority: 4, slice_us: 100, ttl_s: 60 }, 0);
  pins.set(1, { slice_us: 200 }, 1000);
  assert.deepEqual(pins.get(1), {
    functionId: 1,
    priority: undefined,
    sliceUs: 200,
    expiresMs: Infinity,
    updatedAt: "1970-01-01T00:00:01.000Z",
  });
  assert.equal(pins.delete(1), true);
  assert.equal(pins.delete(1), false);
  assert.deepEqual([...pins], []);
});

Deno.test("Pins.expire() drops those whose time is over, and says whether there were any", () => {
  const pins = new Pins();
  pins.set(1, { priority: 1, ttl_s: 10 }, 5000);
  pins.set(2, { priority: 1, ttl_s: 20 }, 5000);
  pins.set(3, { priority: 1 }, 5000);
  assert.equal(pins.expire(14_999), false);
  assert.equal(pins.expire(15_000), true);
  assert.deepEqual([...pins].map(({ functionId }) => functionId), [2, 3]);
  assert.equal(pins.expire(1e15), true);
  assert.deepEqual([...pins].map(({ functionId }) => functionId), [3]);
});

const AT = "2026-01-02T03:04:05.000006Z";
const named = (id: number) => id <= 9 ? { name: `f${id}`, invocations: 10 * id } : undefined;

Deno.test("priorityEntries() shows what was learned, by priority", () => {
  const entries = priorityEntries(policyOf(2), AT, new Pins(), named);
  assert.deepEqual(entries, [
    {
      name: "f1",
      id: "1",
      priority: 1,
      slice_us: 500,
      source: "learned",
      predicted_cpu_us: 1000,
      invocations: 10,
      updated_at: AT,
    },
    {
      name: "f2",
      id: "2",
      priority: 2,
      slice_us: 1000,
      source: "learned",
      predicted_cpu_us: 2000,
      invocations: 20,
      updated_at: AT,
    },
  ]);
});

Deno.test("priorityEntries() shows a pin over what was learned, and before an equal learned priority", () => {
  const pins = new Pins();
  pins.set(3, { priority: 2 }, 0);
  pins.set(1, { slice_us: 77 }, 0);
  const entries = priorityEntries(policyOf(3), AT, pins, named);
  assert.deepEqual(
    entries.map(({ name, priority, slice_us, source }) => [name, priority, slice_us, source]),
    [["f1", 1, 77, "pinned"], ["f3", 2, 1500, "pinned"], ["f2", 2, 1000, "learned"]],
  );
  assert.equal(entries[1]?.updated_at, "1970-01-01T00:00:00.000Z");
  assert.equal(entries[1]?.predicted_cpu_us, 3000, "what is left out keeps its learned value");
});

Deno.test("priorityEntries() shows a pinned function without a policy, behind what was learned", () => {
  const pins = new Pins();
  pins.set(7, { slice_us: 100 }, 0);
  const last = priorityEntries(policyOf(2), AT, pins, named).at(-1);
  assert.deepEqual([last?.name, last?.priority, last?.predicted_cpu_us], ["f7", 3, 0]);
  assert.deepEqual(priorityEntries(undefined, AT, pins, named).map(({ priority }) => priority), [1]);
});

Deno.test("priorityEntries() leaves out what is no function any more", () => {
  assert.deepEqual(priorityEntries(policyOf(12), AT, new Pins(), named).length, 9);
  assert.deepEqual(priorityEntries(undefined, AT, new Pins(), named), []);
});

Deno.test("Pins.nextExpiryMs is the earliest end", () => {
  const pins = new Pins();
  assert.equal(pins.nextExpiryMs, Infinity);
  pins.set(1, { priority: 1 }, 1000);
  assert.equal(pins.nextExpiryMs, Infinity);
  pins.set(2, { priority: 1, ttl_s: 9 }, 1000);
  pins.set(3, { priority: 1, ttl_s: 5 }, 1000);
  assert.equal(pins.nextExpiryMs, 6000);
  pins.expire(6000);
  assert.equal(pins.nextExpiryMs, 10_000);
});

Deno.test("Pins.set(): a step of the wall clock neither ends a pin nor prolongs it", () => {
  for (const wallMs of [0, 2e12]) {
    const pins = new Pins();
    pins.set(1, { priority: 1, ttl_s: 10 }, 5000, wallMs);
    assert.equal(pins.get(1)?.updatedAt, new Date(wallMs).toISOString());
    assert.equal(pins.nextExpiryMs, 15_000);
    assert.equal(pins.expire(14_999), false);
    assert.equal(pins.expire(15_000), true);
  }
});
