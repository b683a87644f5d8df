import assert from "node:assert/strict";
import fc from "fast-check";
import { ALL, ALLOWED, effects, type Pair, verdictOf } from "../../../bench/attach/figures.ts";

const seen = (name: string, turnaroundMs: number, cpuMs = turnaroundMs) => ({
  function: name,
  ...{ dueMs: 1000, endMs: 1000 + turnaroundMs, cpuMs },
  ...{ executionMs: turnaroundMs, failed: false },
});

/** Pairs in each of which one function's turnaround is changed by a factor; the machine's speed differs between them. */
function pairsOf(factors: readonly number[]): Pair[] {
  return factors.map((factor, i) => ({
    without: [seen("short", 10 + i, 5), seen("long", 100 + i)],
    attached: [seen("short", (10 + i) * factor, 5), seen("long", 100 + i)],
  }));
}

Deno.test("effects() are medians of ratios within pairs, function by function, and of all", () => {
  const [long, short, all] = effects(pairsOf([1.1, 1.2, 1.3, 1.2, 1.2, 1.2, 1.2]));
  assert.deepEqual([long!.function, short!.function, all!.function], ["long", "short", ALL]);
  assert.equal(long!.verdict, "unchanged");
  assert.equal(long!.turnaround.median, 1);
  assert.equal(short!.verdict, "slower");
  assert.ok(Math.abs(short!.turnaround.median - 1.2) < 1e-9);
  assert.equal(short!.cpu.median, 1);
  assert.deepEqual(short!.byPair.map(({ turnaround }) => turnaround.toFixed(1)).slice(0, 3), [
    "1.1",
    "1.2",
    "1.3",
  ]);
  assert.equal(short!.invocations, 7);
  assert.equal(short!.withoutMs, 13);
  assert.equal(all!.invocations, 14);
});

Deno.test("effects() is unclear where pairs differ more than what is allowed, or are too few", () => {
  assert.equal(effects(pairsOf([0.9, 1.1, 1, 0.95, 1.05]))[1]!.verdict, "unclear");
  assert.equal(effects(pairsOf([1]))[1]!.verdict, "unclear");
});

Deno.test("effects() leaves out a function that no pair has both ways", () => {
  const found = effects([{ without: [seen("a", 1), seen("b", 1)], attached: [seen("a", 1), seen("c", 1)] }]);
  assert.deepEqual(found.map((effect) => effect.function), ["a", ALL]);
});

Deno.test("verdictOf() says faster or slower only outside of the bounds, unchanged only within them", () => {
  const bounds = fc.tuple(
    fc.double({ min: 0.5, max: 2, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
  );
  fc.assert(fc.property(bounds, ([low, width]) => {
    const high = low + width, verdict = verdictOf({ low, high, median: low, rounds: 5, verdict: "worse" });
    const inside = low >= 1 - ALLOWED && high <= 1 + ALLOWED;
    const wanted = inside
      ? "unchanged"
      : low > 1 + ALLOWED
      ? "slower"
      : high < 1 - ALLOWED
      ? "faster"
      : "unclear";
    assert.equal(verdict, wanted);
  }));
});
