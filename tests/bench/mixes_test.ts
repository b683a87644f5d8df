import assert from "node:assert/strict";
import { makeTrace, MIXES } from "../../bench/mixes.ts";
import { parseTrace, type TraceRow, writeTrace } from "../../traces/alps.ts";

/** A made-up work factor that spans 2 ms to 1 s over the published arguments. */
function cpuMsOf(job: string, n: number): number {
  if (job === "floatOperation") return n / 1800;
  return job === "fib" ? 2 * 1.618 ** (n - 23) : 10 + n / 10;
}

function loadOf(rows: readonly TraceRow[], cores: number): number {
  return rows.reduce((sum, row) => sum + cpuMsOf(row.job, row.n), 0) / (cores * rows.at(-1)!.dueMs);
}

const options = { seed: 1, load: 0.9, cores: 2, seconds: 60, cpuMsOf };

Deno.test("makeTrace() has the load and, nearly, the length that were asked for", () => {
  for (const mix of Object.values(MIXES)) {
    for (const load of [0.5, 0.9, 1.1]) {
      for (const [cores, seconds] of [[1, 60], [2, 60], [2, 20], [24, 30]] as const) {
        const rows = makeTrace({ ...options, mix, load, cores, seconds });
        assert.ok(
          Math.abs(loadOf(rows, cores) / load - 1) < 0.001,
          `load ${loadOf(rows, cores)} for ${load}`,
        );
        const spanS = rows.at(-1)!.dueMs / 1000;
        assert.ok(Math.abs(spanS / seconds - 1) < 0.05, `${spanS} s for ${seconds} s`);
      }
    }
  }
});

Deno.test("makeTrace() has the published shares to the nearest row", () => {
  for (const name of ["azure", "huawei"] as const) {
    const rows = makeTrace({ ...options, mix: MIXES[name], seconds: 300 });
    const total = MIXES[name].reduce((sum, entry) => sum + entry.share, 0);
    for (const entry of MIXES[name]) {
      const count = rows.filter(({ job, n }) => job === entry.job && n === entry.n).length;
      assert.ok(
        Math.abs(count - rows.length * entry.share / total) <= 1,
        `${entry.job} ${entry.n}: ${count}`,
      );
    }
  }
});

Deno.test("MIXES spread job fib over five functions by its argument", () => {
  for (const mix of [MIXES.azure, MIXES.huawei]) {
    const numbers = mix.filter(({ job }) => job === "fib").map(({ number, n }) => [n, number]);
    assert.deepEqual(numbers, [[23, 2], [24, 2], [25, 2], [26, 2], [28, 6], [29, 11], [31, 18], [35, 21], [
      36,
      21,
    ]]);
    const total = mix.reduce((sum, { share }) => sum + share, 0);
    assert.ok(Math.abs(total - 100) < 1, `${total} %`);
  }
});

Deno.test("makeTrace() has arrival times of the published shape", () => {
  const rows = makeTrace({ ...options, mix: MIXES.azure, seconds: 300 });
  const waits = rows.map(({ dueMs }, index) => dueMs - (rows[index - 1]?.dueMs ?? 0));
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  const deviation = Math.sqrt(waits.reduce((sum, wait) => sum + (wait - mean) ** 2, 0) / waits.length);
  assert.ok(Math.abs(deviation / mean - 0.204) < 0.02, `${deviation / mean}`);
  assert.ok(waits.every((wait) => wait > 0.3 * mean && wait < 1.85 * mean));
});

Deno.test("makeTrace() spreads the sizes of the lognormal mix with sigma 1 around their medians", () => {
  const rows = makeTrace({ ...options, mix: MIXES.lognormal, seconds: 120 });
  for (const entry of MIXES.lognormal) {
    const logs = rows.filter((row) => row.function === `${entry.job}-${entry.number}`)
      .map(({ n }) => Math.log(n / entry.n));
    const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
    const deviation = Math.sqrt(logs.reduce((sum, log) => sum + log ** 2, 0) / logs.length);
    assert.ok(Math.abs(mean) < 0.01 && Math.abs(deviation - 1) < 0.05, `${mean}, ${deviation}`);
  }
});

Deno.test("makeTrace() makes the same trace from the same seed, another from another", () => {
  const trace = (seed: number) => writeTrace(makeTrace({ ...options, mix: MIXES.alike, seed }));
  assert.equal(trace(5), trace(5));
  assert.notEqual(trace(5), trace(6));
});

Deno.test("makeTrace() makes rows that survive being written and read", () => {
  for (const cores of [2, 24]) {
    const rows = makeTrace({ ...options, mix: MIXES.huawei, cores });
    assert.deepEqual(parseTrace(writeTrace(rows)), rows);
    assert.deepEqual(rows.map(({ id }) => id), Array.from(rows, (_, index) => index + 1));
  }
});

Deno.test("makeTrace() refuses what it cannot make", () => {
  const make = (changes: object) => () => makeTrace({ ...options, mix: MIXES.azure, ...changes });
  assert.throws(make({ load: 0 }), /with load 0: must be a number above 0/);
  assert.throws(make({ cores: NaN }), /with cores NaN/);
  assert.throws(make({ seconds: -1 }), /with seconds -1/);
  assert.throws(make({ seed: 0.5 }), /with seed 0.5: must be a whole number/);
  assert.throws(make({ seconds: 0.001 }), /must have room for one invocation of about/);
  assert.throws(make({ cpuMsOf: () => 0 }), /taking 0 ms: must be above 0/);
});
