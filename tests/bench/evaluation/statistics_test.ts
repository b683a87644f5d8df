import assert from "node:assert/strict";
import { intervalNote, pairedRatio, rangeCoverage, verdictOf } from "../../../bench/evaluation/statistics.ts";

Deno.test("pairedRatio() compares within rounds, so that a slow round says nothing", () => {
  // The second round took ten times as long for both: unpaired, nothing could be told.
  const ratio = pairedRatio([[8, 10], [80, 100], [9, 10], [8.5, 10], [7, 10]])!;
  assert.equal(ratio.median, 0.8);
  assert.ok(ratio.low >= 0.7 && ratio.high <= 0.9);
  assert.equal(ratio.verdict, "better");
});

Deno.test("pairedRatio() leaves out what is no ratio", () => {
  assert.equal(pairedRatio([]), undefined);
  assert.equal(pairedRatio([[1, 0], [NaN, 1]]), undefined);
  assert.equal(pairedRatio([[1, 0], [3, 2]])!.rounds, 1);
});

Deno.test("verdictOf() calls an interval that includes 1 no difference", () => {
  assert.equal(verdictOf({ median: 0.9, low: 0.8, high: 1 }, 5), "no difference");
  assert.equal(verdictOf({ median: 0.9, low: 0.8, high: 0.99 }, 5), "better");
  assert.equal(verdictOf({ median: 1.2, low: 1.01, high: 1.4 }, 5), "worse");
  assert.equal(verdictOf({ median: 0.5, low: 0.5, high: 0.5 }, 1), "one round");
});

Deno.test("rangeCoverage() is what it is said to be, by counting", () => {
  // All 2^n ways in which n rounds fall above or below the true median.
  for (const rounds of [2, 3, 5]) {
    const ways = 2 ** rounds;
    let held = 0;
    for (let way = 0; way < ways; way++) if (way !== 0 && way !== ways - 1) held++;
    assert.equal(rangeCoverage(rounds), 100 * held / ways);
  }
});

Deno.test("intervalNote() promises no more than the rounds give", () => {
  assert.match(intervalNote(1), /no intervals/);
  assert.match(intervalNote(5), /94 %/);
  assert.doesNotMatch(intervalNote(12), /range/);
});
