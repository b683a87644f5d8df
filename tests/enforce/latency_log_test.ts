import assert from "node:assert/strict";
import { LatencyLog } from "../../enforce/latency_log.ts";
import { randomBelow } from "../observe/random.ts";

/** How far a percentile may lie above the true one. */
const COARSE = 1.033;

/** A log with these values. */
function logOf(values: Iterable<number>): LatencyLog {
  const log = new LatencyLog();
  for (const value of values) log.add(value);
  return log;
}

/** Checks percentiles against those by nearest rank of the values themselves. */
function check(values: number[]): void {
  const sorted = values.toSorted((a, b) => a - b);
  const summary = logOf(values).summary();
  assert.equal(summary.count, values.length);
  assert.equal(summary.maxNs, sorted.at(-1));
  for (
    const [share, ns] of [[.5, summary.p50Ns], [.9, summary.p90Ns], [.99, summary.p99Ns], [
      .999,
      summary.p999Ns,
    ]]
  ) {
    const wanted = sorted[Math.ceil(share! * sorted.length) - 1]!;
    assert.ok(ns! >= wanted * (1 - 1e-12) && ns! <= wanted * COARSE, `${share}: ${ns}, wanted ${wanted}`);
  }
}

Deno.test("LatencyLog.summary() gives percentiles by nearest rank, at most 3.2 % above them", () => {
  check([7]);
  check([1, 2]);
  check([1024, 1024, 4096]);
  check(Array.from({ length: 100 }, (_, i) => 1000 * (1 + (i * 37) % 100)));
  const random = randomBelow(2);
  for (let round = 0; round < 20; round++) {
    const factor = 10 ** random(6);
    check(Array.from({ length: 1 + random(3000) }, () => 1 + factor * random(100_000)));
  }
});

Deno.test("LatencyLog.summary() gives zeros where nothing was added", () => {
  const zeros = { count: 0, p50Ns: 0, p90Ns: 0, p99Ns: 0, p999Ns: 0, maxNs: 0 };
  assert.deepEqual(new LatencyLog().summary(), zeros);
});

Deno.test("LatencyLog.summary() leaves the log as it is", () => {
  const log = logOf([100, 9, 20]);
  assert.deepEqual(log.summary(), log.summary());
  log.add(1000);
  assert.deepEqual([log.count, log.summary().maxNs], [4, 1000]);
});

Deno.test("LatencyLog takes what a clock that is read twice may give: zero, a negative time, hours", () => {
  const log = logOf([0, -500, 0]);
  assert.deepEqual([log.count, log.summary().maxNs, log.summary().p99Ns], [3, 0, 0]);
  log.add(5 * 3600e9);
  assert.equal(log.summary().maxNs, 5 * 3600e9);
  assert.ok(log.summary().p999Ns >= 2 ** 40, "beyond its scale: the last bucket");
});
