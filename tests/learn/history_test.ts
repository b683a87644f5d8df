import assert from "node:assert/strict";
import { CpuHistory, SEQUENCE_LENGTH } from "../../learn/history.ts";
import { normal, randomNumbers } from "../../traces/random.ts";

const MS = 1e6;

/** Adds values; returns at which of them the function seemed to have changed. */
function changes(history: CpuHistory, values: Iterable<number>): number[] {
  return [...values].flatMap((value, index) => history.add(value) ? [index] : []);
}

/** Independent CPU times. */
function* draw(seed: number, count: number, one: (z: number, u: number) => number): Generator<number> {
  const random = randomNumbers(seed);
  for (let i = 0; i < count; i++) yield one(normal(random), random());
}

Deno.test("CpuHistory keeps the latest in their order, and the distribution of more", () => {
  const history = new CpuHistory();
  for (let i = 0; i < 500; i++) history.add((100 + i % 10) * MS);
  assert.equal(history.recent.length, SEQUENCE_LENGTH);
  assert.equal(history.recent.at(-1), 109 * MS);
  assert.equal(history.distribution.weight, 500);
});

Deno.test("CpuHistory.add() notices within five invocations that a function takes ten times as long, or a tenth", () => {
  for (const factor of [10, 1 / 10]) {
    for (const sigma of [0, 0.1]) {
      const history = new CpuHistory();
      assert.deepEqual(changes(history, draw(1, 500, (z) => 50 * MS * Math.exp(sigma * z))), []);
      const [first, ...others] = changes(
        history,
        draw(2, 50, (z) => factor * 50 * MS * Math.exp(sigma * z)),
      );
      assert.ok(first! <= 5, `after ${first}`);
      assert.deepEqual(others, []);
      const mean = history.recent.reduce((sum, value) => sum + value, 0) / history.recent.length;
      assert.ok(Math.abs(mean / (factor * 50 * MS) - 1) < 0.1, `${mean}`);
    }
  }
});

Deno.test("CpuHistory.add() notices it within some dozens where CPU times vary lognormally", () => {
  const after: number[] = [];
  for (let seed = 1; seed <= 21; seed++) {
    const history = new CpuHistory();
    changes(history, draw(seed, 500, (z) => 50 * MS * Math.exp(z)));
    after.push(changes(history, draw(100 + seed, 200, (z) => 500 * MS * Math.exp(z)))[0] ?? Infinity);
  }
  assert.ok(after.sort((a, b) => a - b)[10]! <= 30, `${after}`);
});

Deno.test("CpuHistory.add() takes no luck for a change", () => {
  const kinds: Record<string, (z: number, u: number) => number> = {
    alike: (z) => 50 * MS * (1 + 0.05 * z),
    lognormal: (z) => 50 * MS * Math.exp(z),
    "two-peaked": (_, u) => u < 0.8 ? 10 * MS : 200 * MS,
    "two-peaked, half and half": (_, u) => u < 0.5 ? 10 * MS : 200 * MS,
    "now and then very long": (_, u) => u < 0.97 ? 10 * MS : 5000 * MS,
    "very long by a third": (_, u) => u < 0.66 ? 10 * MS : 5000 * MS,
  };
  for (const [kind, one] of Object.entries(kinds)) {
    let found = 0;
    for (let seed = 1; seed <= 20; seed++) found += changes(new CpuHistory(), draw(seed, 1000, one)).length;
    assert.ok(found <= 2, `${kind}: ${found} in 20 000`);
  }
});

Deno.test("CpuHistory.fade() has what is known count for half", () => {
  const history = new CpuHistory();
  for (let i = 0; i < 60; i++) history.add((100 + i % 7) * MS);
  history.fade();
  assert.deepEqual([history.recent.length, history.recent.at(-1)], [30, 103 * MS]);
  assert.equal(history.distribution.weight, 30);
  for (let i = 0; i < 10; i++) history.fade();
  assert.ok(history.weight < 2);
});
