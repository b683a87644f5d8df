import assert from "node:assert/strict";
import { randomNumbers } from "../../traces/random.ts";
import { IndexedHeap } from "../../learn/heap.ts";

Deno.test("IndexedHeap gives its members by key, equal keys by number", () => {
  const heap = new IndexedHeap(5);
  [3, 1, 2, 1, 0].forEach((key, member) => heap.push(member, key));
  assert.equal(heap.size, 5);
  assert.deepEqual([heap.topKey(), heap.pop(), heap.pop(), heap.pop(), heap.pop(), heap.pop()], [
    0,
    4,
    1,
    3,
    2,
    0,
  ]);
  assert.deepEqual([heap.size, heap.top(), heap.topKey(), heap.pop()], [0, -1, Infinity, -1]);
});

Deno.test("IndexedHeap removes any member, and only members", () => {
  const heap = new IndexedHeap(4);
  [5, 1, 4, 2].forEach((key, member) => heap.push(member, key));
  heap.remove(1);
  heap.remove(1);
  assert.ok(!heap.has(1) && heap.has(2));
  assert.deepEqual([heap.pop(), heap.pop(), heap.pop(), heap.pop()], [3, 2, 0, -1]);
});

Deno.test("IndexedHeap agrees with a sorted list over random pushes, pops and removals", () => {
  const random = randomNumbers(7);
  const heap = new IndexedHeap(50);
  const keys = new Map<number, number>();
  for (let step = 0; step < 5000; step++) {
    const member = Math.floor(50 * random());
    if (!keys.has(member)) {
      keys.set(member, Math.floor(10 * random()));
      heap.push(member, keys.get(member)!);
    } else if (random() < 0.5) {
      heap.remove(member);
      keys.delete(member);
    } else {
      const expected = [...keys].sort(([a, keyA], [b, keyB]) => keyA - keyB || a - b)[0]![0];
      assert.equal(heap.pop(), expected);
      keys.delete(expected);
    }
    assert.equal(heap.size, keys.size);
  }
});

Deno.test("IndexedHeap.clear() leaves nothing behind", () => {
  const heap = new IndexedHeap(5);
  for (const member of [3, 1, 4]) heap.push(member, member);
  heap.clear();
  assert.equal(heap.top(), -1);
  assert.ok([0, 1, 2, 3, 4].every((member) => !heap.has(member)));
  heap.push(4, 1);
  heap.push(3, 0);
  assert.deepEqual([heap.pop(), heap.pop(), heap.pop()], [3, 4, -1]);
});
