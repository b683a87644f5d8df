import assert from "node:assert/strict";
import { CpuHistory } from "../../../learn/history.ts";
import { gittins } from "../../../learn/predict/gittins.ts";
import { rankAt } from "../../../learn/table.ts";
import { normal, randomNumbers } from "../../../traces/random.ts";
import { assertEnforceable } from "./tables.ts";

const MS = 1e6;

function history(values: Iterable<number>): CpuHistory {
  const made = new CpuHistory();
  for (const value of values) made.add(value);
  return made;
}

function lognormal(seed: number, count: number, medianNs: number, sigma: number): number[] {
  const random = randomNumbers(seed);
  return Array.from({ length: count }, () => medianNs * Math.exp(sigma * normal(random)));
}

Deno.test("gittins ranks invocations that are alike by what remains", () => {
  const { table, tailSlope, predictedCpuNs } = gittins.expect(history(lognormal(1, 30, 100 * MS, 0.02)));
  assert.ok(Math.abs(predictedCpuNs / (100 * MS) - 1) < 0.02);
  for (const attainedMs of [0, 20, 50, 80]) {
    const rankMs = rankAt(table, tailSlope, attainedMs * MS) / MS;
    assert.ok(Math.abs(rankMs - (100 - attainedMs)) < 8, `${rankMs} ms after ${attainedMs} ms`);
  }
});

Deno.test("gittins rises gradually past what it has seen: who is a little late stays before a fresh one", () => {
  const { table, tailSlope } = gittins.expect(history(lognormal(1, 30, 100 * MS, 0.02)));
  const fresh = rankAt(table, tailSlope, 0);
  assert.ok(rankAt(table, tailSlope, 107 * MS) < fresh / 3, `${rankAt(table, tailSlope, 107 * MS) / MS}`);
  assert.ok(rankAt(table, tailSlope, 1000 * MS) > fresh);
});

Deno.test("gittins ranks what varies as the index of the distribution does", () => {
  // Of the lognormal distribution with median 100 ms and sigma 1: 147 ms at 0, about 118 at 60, 230 at 440, 463 at 1333.
  const { table, tailSlope } = gittins.expect(history(lognormal(2, 2000, 100 * MS, 1)));
  for (const [attainedMs, expectedMs] of [[0, 147], [60, 120], [440, 230], [1000, 370]] as const) {
    const rankMs = rankAt(table, tailSlope, attainedMs * MS) / MS;
    assert.ok(
      Math.abs(rankMs / expectedMs - 1) < 0.25,
      `${rankMs} after ${attainedMs}, wanted ${expectedMs}`,
    );
  }
});

Deno.test("gittins ranks an invocation of two peaks as short first, and as long at once where it was not", () => {
  const values = lognormal(3, 1000, MS, 0.05).map((value, index) =>
    index % 5 === 0 ? 400 * value : 5 * value
  );
  const { table, tailSlope } = gittins.expect(history(values));
  const rankMs = (attainedMs: number) => rankAt(table, tailSlope, attainedMs * MS) / MS;
  // E[min(X, 5.5 ms)] / 0.8
  assert.ok(rankMs(0) < 8, `${rankMs(0)} at first`);
  assert.ok(rankMs(4) < 8, `${rankMs(4)} after 4 ms`);
  assert.ok(rankMs(8) > 350 && rankMs(8) < 450, `${rankMs(8)} after 8 ms`);
  assert.ok(rankMs(300) < 160, `${rankMs(300)} after 300 ms`);
});

Deno.test("gittins makes tables that every backend can hold", () => {
  for (const count of [1, 2, 5, 100, 3000]) {
    for (const sigma of [0, 0.02, 0.3, 1, 3]) {
      assertEnforceable(gittins.expect(history(lognormal(count, count, 20 * MS, sigma))), 1);
    }
  }
});

Deno.test("gittins expects nothing of an empty history, nor of CPU times of 0", () => {
  assert.deepEqual(gittins.expect(new CpuHistory()).table, [0, 0]);
  assert.deepEqual(gittins.expect(history([0, 0])).table, [0, 0]);
});
