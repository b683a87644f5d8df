import assert from "node:assert/strict";
import { bucketUpperNs } from "../../observe/function_stats.ts";
import { gapBetween, GapLearner } from "../../observe/gap.ts";

/** Counts of lengths in milliseconds, each so many times, spread by a few percent. */
function counts(...lengths: [ms: number, times: number][]): Uint32Array {
  const made = new Uint32Array(128);
  for (const [ms, times] of lengths) {
    for (let i = 0; i < times; i++) {
      const ns = ms * (0.8 + 0.4 * (i / times)) * 1e6;
      let bucket = 0;
      while (bucketUpperNs(bucket) <= ns && bucket < 127) bucket++;
      made[bucket]!++;
    }
  }
  return made;
}

Deno.test("gapBetween() lies between the pauses within a request and the time between requests", () => {
  for (const [short, long] of [[1, 100], [20, 500], [0.2, 5], [50, 3000]] as const) {
    const gap = gapBetween(counts([short, 300], [long, 100]));
    assert.ok(gap !== undefined && gap > short * 1.2 && gap < long * 0.8, `${short}, ${long}: ${gap}`);
  }
});

Deno.test("gapBetween() learns nothing where there are no two heaps, or too little is known", () => {
  assert.equal(gapBetween(new Uint32Array(128)), undefined);
  assert.equal(gapBetween(counts([1, 20], [100, 20])), undefined, "too few");
  assert.equal(gapBetween(counts([50, 1000])), undefined, "one heap");
  assert.equal(gapBetween(counts([20, 1000], [40, 1000])), undefined, "too near");
  assert.equal(gapBetween(counts([1, 1000], [100, 10])), undefined, "a few that are long");
  // Lengths of all sizes, none of which is rare.
  const flat = counts(...Array.from({ length: 60 }, (_, i): [number, number] => [0.1 * 1.2 ** i, 30]));
  assert.equal(gapBetween(flat), undefined);
});

Deno.test("gapBetween() stays within bounds", () => {
  assert.equal(gapBetween(counts([0.01, 300], [0.2, 300])), 0.5);
  assert.equal(gapBetween(counts([3000, 300], [50_000, 300])), 1000);
});

Deno.test("GapLearner follows what changes, and says nothing where nothing does", () => {
  const learner = new GapLearner(), before = counts([1, 200], [100, 200]);
  const gap = learner.look(1, before, 5);
  assert.ok(gap !== undefined && gap > 5 && gap < 100, `${gap}`);
  assert.equal(learner.look(1, before, gap), undefined, "nothing new");
  // From now on the pauses within requests are longer.
  const all = before.slice();
  let last = gap;
  for (let epoch = 0; epoch < 60; epoch++) {
    for (const [i, n] of counts([30, 200], [800, 200]).entries()) all[i]! += n;
    last = learner.look(1, all, last) ?? last;
  }
  assert.ok(last > 40 && last < 700, `${last}`);
});
