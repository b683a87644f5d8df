import assert from "node:assert/strict";
import { randomNumbers } from "../../traces/random.ts";
import { attainedWhereRankExceeds, rankAt } from "../../learn/table.ts";

const table = [...[0, 100], ...[90, 10], ...[110, 90]];

Deno.test("rankAt() is linear between points, constant before the first and sloped after the last", () => {
  assert.deepEqual([0, 45, 90, 100, 110, 150].map((attained) => rankAt(table, 0.5, attained)), [
    100,
    55,
    10,
    50,
    90,
    110,
  ]);
  assert.equal(rankAt(table, 0.5, -5), 100);
  assert.equal(rankAt([0, 7], 2, 10), 27);
  assert.equal(rankAt([], 1, 10), 0);
});

Deno.test("attainedWhereRankExceeds() finds where a rank that falls and rises passes another", () => {
  const policy = { table, tailSlope: 0.5 };
  assert.equal(attainedWhereRankExceeds(policy, 0, 99), 0);
  assert.equal(attainedWhereRankExceeds(policy, 50, 50), 50 + 50);
  assert.equal(attainedWhereRankExceeds(policy, 0, 100), 130);
  assert.equal(attainedWhereRankExceeds(policy, 200, 100), 200);
  assert.equal(attainedWhereRankExceeds(policy, 105, 95), 120);
});

Deno.test("attainedWhereRankExceeds() is Infinity where the rank stays at or below", () => {
  assert.equal(attainedWhereRankExceeds({ table, tailSlope: 0 }, 0, 100), Infinity);
  assert.equal(attainedWhereRankExceeds({ table, tailSlope: 0 }, 200, 90), Infinity);
  assert.equal(attainedWhereRankExceeds({ table: [], tailSlope: 1 }, 0, 0), Infinity);
});

Deno.test("attainedWhereRankExceeds() is the inverse of rankAt() for random tables", () => {
  const random = randomNumbers(3);
  for (let round = 0; round < 300; round++) {
    let attainedNs = 0;
    const points = Array.from({ length: 1 + Math.floor(8 * random()) }, (_, index) => [
      index === 0 ? 0 : (attainedNs += 1 + 50 * random()),
      100 * random(),
    ]).flat();
    const policy = { table: points, tailSlope: round % 3 === 0 ? 0 : random() };
    const from = 200 * random(), rankNs = 120 * random();
    const found = attainedWhereRankExceeds(policy, from, rankNs);
    assert.ok(found >= from);
    // Before it the rank is never above, just after it is.
    for (let step = 0; step < 50; step++) {
      const before = from + (Math.min(found, from + 500) - from) * step / 50;
      assert.ok(rankAt(points, policy.tailSlope, before) <= rankNs + 1e-9 || found === from);
    }
    if (found < Infinity) assert.ok(rankAt(points, policy.tailSlope, found + 1e-6) > rankNs - 1e-9);
  }
});
