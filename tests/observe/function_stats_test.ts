import assert from "node:assert/strict";
import { ALPS_LIMITS } from "../../ffi/layout.ts";
import { bucketUpperNs } from "../../observe/function_stats.ts";

/** The bucket of a value, as bpf/observe_count.h computes it. */
function bucketOf(ns: number): number {
  if (ns < 1024) return 0;
  const log2 = Math.floor(Math.log2(ns));
  const bucket = (log2 - ALPS_LIMITS.ALPS_HIST_FIRST_LOG2) * 4 + (Math.floor(ns / 2 ** (log2 - 2)) & 3);
  return Math.min(bucket, ALPS_LIMITS.ALPS_HIST_BUCKETS - 1);
}

Deno.test("bucketUpperNs() bounds the values of its bucket, which are at most 12.5 % off its middle", () => {
  for (let ns = 1025; ns < 2 ** 41; ns = Math.floor(ns * 1.003) + 1) {
    const bucket = bucketOf(ns),
      upper = bucketUpperNs(bucket),
      lower = bucket > 0 ? bucketUpperNs(bucket - 1) : 1024;
    assert.ok(ns < upper && ns >= lower, `${ns} is not in [${lower}, ${upper})`);
    assert.ok(Math.abs((upper + lower) / 2 - ns) <= 0.125 * ns);
  }
});

Deno.test("bucketUpperNs() rises strictly over all buckets", () => {
  for (let bucket = 1; bucket < ALPS_LIMITS.ALPS_HIST_BUCKETS; bucket++) {
    assert.ok(bucketUpperNs(bucket) > bucketUpperNs(bucket - 1));
  }
  assert.equal(bucketUpperNs(0), 1280);
  assert.equal(bucketUpperNs(ALPS_LIMITS.ALPS_HIST_BUCKETS - 1), 2 ** 42);
});
