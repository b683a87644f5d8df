import assert from "node:assert/strict";
import { choosePoints, limitRise } from "../../learn/curve.ts";

const curve = (attained: number[], rank: number[]) => ({
  attained: Float64Array.from(attained),
  rank: Float64Array.from(rank),
  length: rank.length,
});

Deno.test("limitRise() turns a jump into a slope and leaves what falls or rises gently", () => {
  const limited = curve([0, 10, 11, 12, 40], [10, 1, 100, 100, 50]);
  limitRise(limited, 4, 3);
  assert.deepEqual([...limited.rank], [10, 1, 100, 100, 50]);
  limitRise(limited, 4);
  assert.deepEqual([...limited.rank], [10, 1, 5, 9, 50]);
});

Deno.test("choosePoints() needs only the corners of a curve of straight lines", () => {
  const attained = Array.from({ length: 21 }, (_, index) => index);
  const rank = attained.map((at) => at <= 10 ? 10 - at : 3 * (at - 10));
  assert.deepEqual(choosePoints(curve(attained, rank), 8, 1), [0, 10, 20]);
});

Deno.test("choosePoints() keeps to its number, the ends included, in order", () => {
  const attained = Array.from({ length: 50 }, (_, index) => index);
  const chosen = choosePoints(curve(attained, attained.map((at) => (at - 20) ** 2)), 8, 1);
  assert.equal(chosen.length, 8);
  assert.deepEqual([chosen[0], chosen[7]], [0, 49]);
  assert.deepEqual([...chosen].sort((a, b) => a - b), chosen);
  assert.deepEqual(choosePoints(curve([0], [5]), 8, 1), [0]);
});
