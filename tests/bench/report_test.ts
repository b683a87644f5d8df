import assert from "node:assert/strict";
import { compareRounds } from "../../bench/compare.ts";
import { comparisonTable, formatInterval, formatMs, formatRatio, runTable } from "../../bench/report.ts";
import { type Measured, summarizeRun } from "../../bench/summary.ts";

function run(names: readonly string[], factor: number): Measured[] {
  return names.map((name, index) => ({
    function: name,
    dueMs: index * 100_000,
    endMs: index * 100_000 + (names.length - index) * 900 * factor,
    cpuMs: (names.length - index) * 900,
    executionMs: 1,
    failed: false,
  }));
}

function table(names: readonly string[], columns: number): string[] {
  const comparison = compareRounds([new Map([["default", run(names, 12)], ["alps:avg", run(names, 3)]])], 1);
  return comparisonTable({ comparison, policy: "alps:avg", heading: "ALPS", columns }).split("\n");
}

Deno.test("comparisonTable() has a row per function, the shortest first, and one of all", () => {
  const rows = table(["fib-21", "fib-18", "fib-2"], 120);
  assert.deepEqual(rows.map((row) => row.split(/\s+/)[0]), [
    "",
    "function",
    "fib-2",
    "fib-18",
    "fib-21",
    "all",
  ]);
  assert.deepEqual(
    rows[2]!.split(/\s+/).slice(1),
    ["1", "900", "10800", "2700", "10800", "2700", "10800", "2700", "12", "3.0", "0.25"],
  );
});

Deno.test("comparisonTable() fits 80 columns, long names too", () => {
  const names = ["featureExtractor-14", "a-function-with-quite-a-long-name-indeed-0123456789", "fib-2"];
  const rows = table(names, 80);
  assert.ok(Math.max(...rows.map((row) => row.length)) <= 80, rows.join("\n"));
  assert.ok(rows.some((row) => row.includes("…")));
  // With room for it, the name is whole.
  assert.ok(table(names, 140).some((row) => row.startsWith(names[1]!)));
});

Deno.test("comparisonTable() shows a hostile name on one line, without its control characters", () => {
  const rows = table(["a\n\x1b[31mb", "c"], 120);
  assert.equal(rows.length, 5);
  assert.ok(!rows.join("").includes("\x1b"));
});

Deno.test("runTable() shows one run, with the oracle's mean where there is one", () => {
  const measured = run(["fib-21", "fib-2"], 2).map((row, index) => ({ ...row, failed: index === 0 }));
  const figures = summarizeRun(measured);
  const alone = runTable(figures, undefined, 80).split("\n").map((row) => row.split(/\s+/));
  assert.deepEqual(alone[1], ["function", "n", "failed", "ms", "ms", "ms", "ms", "slowdown"]);
  assert.deepEqual(alone.at(-1), ["all", "2", "1", "1800", "1800", "1800", "1800", "2.0"]);
  const bound = runTable(figures, summarizeRun(run(["fib-21", "fib-2"], 1)), 80).split("\n");
  assert.match(bound.at(-1)!, /^all +2 +1 .* 1350$/);
});

Deno.test("formatMs() has a decimal only where it tells something", () => {
  assert.deepEqual([0, 3.14, 9.94, 9.95, 99.6, 12345.6].map(formatMs), [
    "0.0",
    "3.1",
    "9.9",
    "10",
    "100",
    "12346",
  ]);
});

Deno.test("formatRatio() and formatInterval() say what there is", () => {
  assert.equal(formatRatio(0.333), "0.33");
  assert.equal(formatRatio(NaN), "-");
  assert.equal(formatRatio(undefined), "-");
  const interval = { median: 0.9, low: 0.85, high: 0.951 };
  assert.equal(formatInterval(interval, 5), "0.90 (0.85 to 0.95)");
  assert.equal(formatInterval(interval, 1), "0.90");
  assert.equal(formatInterval(undefined, 5), "-");
});
