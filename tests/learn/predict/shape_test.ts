import assert from "node:assert/strict";
import { expectAround } from "../../../learn/predict/shape.ts";
import { rankAt } from "../../../learn/table.ts";
import { normal, randomNumbers } from "../../../traces/random.ts";
import { assertEnforceable } from "./tables.ts";

const MS = 1e6;

function lognormal(seed: number, count: number, medianNs: number, sigma: number): number[] {
  const random = randomNumbers(seed);
  return Array.from({ length: count }, () => medianNs * Math.exp(sigma * normal(random)));
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

Deno.test("expectAround() ranks invocations that are alike by what remains", () => {
  const samples = lognormal(1, 30, 100 * MS, 0.02);
  const { table, tailSlope } = expectAround(samples, 100 * MS);
  for (const attainedMs of [0, 20, 50, 80]) {
    const rankMs = rankAt(table, tailSlope, attainedMs * MS) / MS;
    assert.ok(Math.abs(rankMs - (100 - attainedMs)) < 6, `${rankMs} ms after ${attainedMs} ms`);
  }
});

Deno.test("expectAround() rises gradually past the prediction: an invocation that is late stays before a fresh one", () => {
  const { table, tailSlope } = expectAround(lognormal(1, 30, 100 * MS, 0.02), 100 * MS);
  const fresh = rankAt(table, tailSlope, 0);
  assert.ok(rankAt(table, tailSlope, 104 * MS) < fresh / 4);
  assert.ok(rankAt(table, tailSlope, 1000 * MS) > fresh);
  for (let attainedMs = 0; attainedMs < 300; attainedMs++) {
    const rise = rankAt(table, tailSlope, (attainedMs + 1) * MS) - rankAt(table, tailSlope, attainedMs * MS);
    assert.ok(rise <= 4.001 * MS, `rises by ${rise / MS} ms after ${attainedMs} ms`);
  }
});

Deno.test("expectAround() ranks what varies as the Gittins index does: lower first, then rising with the CPU time used", () => {
  // Of the lognormal distribution with median 100 ms and sigma 1: 147 ms at 0, about 118 at 60, 230 at 440, 463 at 1333.
  // As many as are kept: smoothing makes the spread wider than it is.
  const samples = lognormal(2, 100, 100 * MS, 1);
  const { table, tailSlope } = expectAround(samples, mean(samples));
  for (const [attainedMs, expectedMs] of [[0, 147], [60, 120], [440, 230], [1000, 370]] as const) {
    const rankMs = rankAt(table, tailSlope, attainedMs * MS) / MS;
    assert.ok(
      Math.abs(rankMs / expectedMs - 1) < 0.4,
      `${rankMs} ms after ${attainedMs} ms, wanted ${expectedMs}`,
    );
  }
});

Deno.test("expectAround() scales the shape of the history to the prediction", () => {
  const samples = lognormal(3, 50, 100 * MS, 0.5);
  const plain = expectAround(samples, mean(samples)), twice = expectAround(samples, 2 * mean(samples));
  twice.table.forEach((ns, place) => assert.ok(Math.abs(ns - 2 * plain.table[place]!) < 1));
});

Deno.test("expectAround() makes tables that every backend can hold", () => {
  for (const count of [1, 2, 5, 100]) {
    for (const sigma of [0, 0.02, 0.3, 1, 3]) {
      const samples = lognormal(count, count, 20 * MS, sigma);
      assertEnforceable(expectAround(samples, mean(samples)), 2);
    }
  }
});

Deno.test("expectAround() takes no samples, useless samples and no prediction", () => {
  for (
    const [samples, predicted] of [[[], 5], [[0, 0], 5], [[NaN, -1, Infinity], 5], [[5, 5], 0], [
      [5],
      NaN,
    ]] as const
  ) {
    assert.deepEqual(expectAround(samples, predicted).table, [0, 0]);
  }
});
