import assert from "node:assert/strict";
import { normal, randomNumbers, shuffle } from "../../traces/random.ts";

Deno.test("randomNumbers() is even over [0, 1) and the same for the same seed", () => {
  const random = randomNumbers(1), same = randomNumbers(1), other = randomNumbers(2);
  const counts = new Array<number>(10).fill(0);
  let differing = 0;
  for (let index = 0; index < 100_000; index++) {
    const value = random();
    assert.ok(value >= 0 && value < 1);
    assert.equal(value, same());
    if (value !== other()) differing++;
    counts[Math.floor(10 * value)]!++;
  }
  assert.ok(differing > 99_900);
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 500, `${counts}`);
});

Deno.test("normal() has mean 0 and standard deviation 1", () => {
  const random = randomNumbers(3);
  const values = Array.from({ length: 50_000 }, () => normal(random));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
  assert.ok(Math.abs(mean) < 0.02 && Math.abs(variance - 1) < 0.03, `${mean}, ${variance}`);
});

Deno.test("shuffle() keeps all members and gives each place to each of them", () => {
  const random = randomNumbers(4);
  const firsts = new Set<number>();
  for (let round = 0; round < 100; round++) {
    const list = shuffle([1, 2, 3, 4], random);
    firsts.add(list[0]!);
    assert.deepEqual([...list].sort(), [1, 2, 3, 4]);
  }
  assert.equal(firsts.size, 4);
});
