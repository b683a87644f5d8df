/** What each policy does with a few invocations, worked out by hand; times in milliseconds. */
import assert from "node:assert/strict";
import { gittinsTable } from "../../simulate/gittins.ts";
import type { SimulateOptions } from "../../simulate/outcome.ts";
import { POLICIES, simulate } from "../../simulate/policies.ts";
import { makeWorkload, type Workload } from "../../simulate/workload.ts";
import { meanTurnaround, workloadOf } from "./workloads.ts";

const MS = 1e6;

function completionsMs(
  workload: Workload,
  policy: string,
  options: SimulateOptions = { cores: 1 },
): number[] {
  return [...simulate(workload, policy, options).completionNs].map((endNs) => Math.round(endNs) / MS);
}

Deno.test("fifo runs each to its end, on the core that falls free first", () => {
  const workload = workloadOf([0, 100], [1, 50], [2, 10]);
  assert.deepEqual(completionsMs(workload, "fifo"), [100, 150, 160]);
  assert.deepEqual(completionsMs(workload, "fifo", { cores: 2 }), [100, 51, 61]);
  assert.deepEqual(completionsMs(workload, "fifo", { cores: 1, switchCostNs: MS }), [101, 152, 163]);
});

Deno.test("rr gives turns of 3 ms, and longer ones where nobody waits or the minimum run is longer", () => {
  const workload = workloadOf([0, 10], [4, 4]);
  // Turns: 0–6 (the first end of a turn after the arrival), 6–9 the other, 9–12, 12–13, 13–14.
  assert.deepEqual(completionsMs(workload, "rr"), [14, 13]);
  assert.equal(simulate(workload, "rr", { cores: 1 }).switches, 5);
  assert.deepEqual(completionsMs(workload, "rr", { cores: 1, minRunNs: 8 * MS }), [14, 12]);
  assert.equal(simulate(workloadOf([0, 1e6]), "rr", { cores: 1 }).switches, 1);
});

Deno.test("rr refuses what would take minutes", () => {
  assert.throws(() => simulate(workloadOf([0, 4e9]), "rr", { cores: 1 }), /must be 10\^9 at most/);
});

Deno.test("srpt pays for each switch, also of one that is preempted meanwhile", () => {
  const workload = workloadOf([0, 10], [4, 2]);
  assert.deepEqual(completionsMs(workload, "srpt", { cores: 1, switchCostNs: MS }), [15, 7]);
  // At 1 the first one is still being switched to: it has all of its 10 to do.
  assert.deepEqual(completionsMs(workloadOf([0, 10], [1, 2]), "srpt", { cores: 1, switchCostNs: 2 * MS }), [
    17,
    5,
  ]);
});

Deno.test("srpt compares what is left without the switch, or two would preempt each other for ever", () => {
  const workload = workloadOf([0, 4], [0, 3]);
  assert.deepEqual(completionsMs(workload, "srpt", { cores: 1, switchCostNs: 3 * MS }), [13, 6]);
});

Deno.test("sfs filters with a slice, then shares", () => {
  // The slice is 20: the first runs until 20, the second is done at 25, then the first goes on.
  assert.deepEqual(completionsMs(workloadOf([0, 50], [10, 5]), "sfs"), [55, 25]);
  // 0–20, 20–40, 40–55; then what is left of the first two, 10 each, shared.
  assert.deepEqual(completionsMs(workloadOf([0, 30], [10, 30], [20, 15]), "sfs"), [75, 75, 55]);
});

Deno.test("sfs sends to the background at once who has waited for more than three slices", () => {
  // Turns at 0, 20, 40, 60 and 80: only the last has waited for more than 60. From 80 on all share.
  const workload = workloadOf([0, 50], [0, 50], [0, 50], [0, 50], [0, 50]);
  assert.deepEqual(completionsMs(workload, "sfs"), [230, 230, 230, 230, 250]);
});

Deno.test("sfs sets its slice by the mean distance of 200 arrivals", () => {
  const before = Array.from({ length: 200 }, (_, place): [number, number] => [30 * place, 1]);
  // 30 on one core: the 25 are filtered in one go, which 20 would not be.
  const ends = completionsMs(workloadOf(...before, [6000, 25], [6001, 1]), "sfs");
  assert.deepEqual(ends.slice(200), [6025, 6026]);
});

Deno.test("gittins prefers who may be short, until it has outlived that", () => {
  // Of f half need 2 and half 100, of g all 30; by index f is tried for 2, then all g run.
  const rows: [number, number, string][] = [[0, 100, "f"], [0, 30, "g"], [0, 2, "f"], [0, 30, "g"]];
  assert.deepEqual(completionsMs(workloadOf(...rows), "gittins").map(Math.round), [162, 34, 4, 64]);
});

Deno.test("gittinsTable() is what is left where all are alike, and the least at the end", () => {
  const table = gittinsTable([10 * MS, 10 * MS, 10 * MS]);
  assert.deepEqual(table.slice(0, 2), [0, 10 * MS * 1.0005]);
  for (const values of [[0], [0, 0, 1], [1], [5, 5 + 1e-9], Array.from({ length: 1000 }, (_, at) => at)]) {
    const each = gittinsTable(values);
    assert.ok(each.length >= 2 && each.every((value) => Number.isFinite(value) && value >= 0), `${each}`);
  }
});

Deno.test("alps learns from what has completed", () => {
  // A pair each 100 ms, the long one first: 90 before 5 at the beginning, the other way round once both are known.
  const workload = makeWorkload(Array.from({ length: 200 }, (_, place) => ({
    function: place % 2 === 0 ? "long" : "short",
    arrivalNs: Math.floor(place / 2) * 100 * MS,
    cpuNs: (place % 2 === 0 ? 90 : 5) * MS,
  })));
  const ends = completionsMs(workload, "alps:avg");
  assert.equal(ends[199], 9905);
  assert.equal(ends[198], 9995);
  const mean = (policy: string) =>
    meanTurnaround(workload, simulate(workload, policy, { cores: 1 }).completionNs);
  assert.ok(mean("alps:avg") < 1.1 * mean("srpt"));
});

Deno.test("every policy takes none, one, and one without work", () => {
  for (const policy of POLICIES.keys()) {
    assert.deepEqual(completionsMs(workloadOf(), policy), []);
    assert.deepEqual(completionsMs(workloadOf([0, 7]), policy), [7]);
    assert.deepEqual(completionsMs(workloadOf([0, 0], [0, 0]), policy, { cores: 2 }), [0, 0]);
  }
});

Deno.test("every policy but rr takes invocations of years", () => {
  const YEARS_MS = 1e11;
  const workload = workloadOf([0, YEARS_MS, "a"], [1, YEARS_MS, "b"], [2, YEARS_MS, "a"], [3, 1, "b"]);
  for (const policy of POLICIES.keys()) {
    if (policy === "rr") continue;
    const { completionNs, switches } = simulate(workload, policy, { cores: 1 });
    const endMs = Math.max(...completionNs) / MS;
    assert.ok(Math.abs(endMs / (3 * YEARS_MS + 1) - 1) < 1e-9, `${policy}: ${endMs}`);
    assert.ok(switches < 100_000, `${policy}: ${switches}`);
  }
});
