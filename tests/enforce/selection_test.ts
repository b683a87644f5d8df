import assert from "node:assert/strict";
import { Selection } from "../../enforce/selection.ts";
import { randomBelow } from "../observe/random.ts";

Deno.test("Selection keeps the best in order, of equal ranks the ones offered first", () => {
  const random = randomBelow(3);
  const selection = new Selection<number>(5);
  for (let round = 0; round < 500; round++) {
    selection.clear();
    // Few different ranks, so that many are equal.
    const ranks = Array.from({ length: random(30) }, () => random(8) === 0 ? -Infinity : random(10));
    ranks.forEach((rank, item) => selection.offer(item, rank));
    const wanted = ranks.map((rank, item) => ({ rank, item }))
      .sort((a, b) => (a.rank === b.rank ? 0 : a.rank - b.rank) || a.item - b.item)
      .slice(0, 5).map(({ item }) => item);
    assert.deepEqual(selection.items, wanted, `ranks ${ranks}`);
  }
});

Deno.test("Selection takes infinite ranks on both ends", () => {
  const selection = new Selection<string>(2);
  selection.offer("last", Infinity);
  selection.offer("middle", 0);
  selection.offer("first", -Infinity);
  assert.deepEqual(selection.items, ["first", "middle"]);
});

Deno.test("Selection of capacity 0 keeps nothing", () => {
  const selection = new Selection<string>(0);
  selection.offer("a", 1);
  assert.deepEqual(selection.items, []);
});

Deno.test("Selection.limit is what a rank must be below to be taken", () => {
  const selection = new Selection<string>(2);
  assert.equal(selection.limit, Infinity);
  selection.offer("a", 5);
  assert.equal(selection.limit, Infinity);
  selection.offer("b", 3);
  assert.equal(selection.limit, 5);
  selection.offer("c", 5);
  assert.deepEqual(selection.items, ["b", "a"]);
  selection.offer("d", 4);
  assert.deepEqual(selection.items, ["b", "d"]);
  assert.equal(selection.limit, 4);
});
