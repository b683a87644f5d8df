import assert from "node:assert/strict";
import { MAX_RANK_POINTS, type RankTable } from "../../../learn/policy.ts";

/** Checks that every backend can hold and follow a table: its points, their order, and finite ranks. */
export function assertEnforceable({ table, tailSlope }: RankTable, leastPoints: number): void {
  assert.ok(table.length >= 2 * leastPoints && table.length <= 2 * MAX_RANK_POINTS, `${table.length}`);
  assert.equal(table[0], 0);
  assert.ok(tailSlope >= 0 && tailSlope < Infinity);
  for (let at = 0; at < table.length; at += 2) {
    assert.ok(table[at + 1]! >= 0 && table[at + 1]! < Infinity);
    assert.ok(at === 0 || table[at]! > table[at - 2]!);
  }
}
