import assert from "node:assert/strict";
import fc from "fast-check";
import { simulateSrpt } from "../../learn/simulate.ts";
import { POLICIES, simulate } from "../../simulate/policies.ts";
import type { Workload } from "../../simulate/workload.ts";
import { often } from "../fuzz.ts";
import { anyWorkload, meanTurnaround, workloadOf } from "./workloads.ts";

const MS = 1e6;

/** Shares are fractions; by so much, relatively, sums of them may be wrong. */
const ROUNDING = 1e-9;

const anyPolicy = fc.constantFrom(...POLICIES.keys());
const anyCores = fc.constantFrom(1, 2, 3, 7);
const anyCosts = fc.record({
  minRunNs: fc.constantFrom(0, 8 * MS, 50 * MS),
  switchCostNs: fc.constantFrom(0, 2000, 3 * MS),
});

/** The last completion of each stretch in which one core is never idle. */
function busyPeriodEnds({ arrivalNs }: Workload, completionNs: Float64Array, periods: number[]): number[] {
  const ends: number[] = [];
  for (let job = 0; job < arrivalNs.length; job++) {
    ends[periods[job]!] = Math.max(ends[periods[job]!] ?? 0, completionNs[job]!);
  }
  return ends;
}

/** By invocation: in which stretch it is. */
function busyPeriods({ arrivalNs, cpuNs }: Workload): number[] {
  let endNs = -1, period = -1;
  return Array.from(arrivalNs, (arrival, job) => {
    if (arrival > endNs) period++;
    endNs = Math.max(endNs, arrival) + cpuNs[job]!;
    return period;
  });
}

function close(actual: number, expected: number, message: string): void {
  assert.ok(
    Math.abs(actual - expected) <= ROUNDING * expected + 1,
    `${message}: ${actual}, wanted ${expected}`,
  );
}

Deno.test("simulate() conserves work on one core under every policy", () =>
  often(fc.property(anyWorkload, anyPolicy, fc.constantFrom(0, 8 * MS), (workload, policy, minRunNs) => {
    const periods = busyPeriods(workload);
    const ends = (name: string) =>
      busyPeriodEnds(workload, simulate(workload, name, { cores: 1, minRunNs }).completionNs, periods);
    const expected = ends("fifo");
    ends(policy).forEach((end, period) => close(end, expected[period]!, `${policy}, stretch ${period}`));
  })));

Deno.test("simulate() ends each invocation after it arrived and had its CPU time, and never with NaN", () =>
  often(fc.property(anyWorkload, anyPolicy, anyCores, anyCosts, (workload, policy, cores, costs) => {
    const { completionNs, firstRunNs, switches } = simulate(workload, policy, { cores, ...costs });
    assert.equal(completionNs.length, workload.cpuNs.length);
    assert.ok(switches >= 0 && Number.isSafeInteger(switches));
    for (let job = 0; job < completionNs.length; job++) {
      const arrivalNs = workload.arrivalNs[job]!, cpuNs = workload.cpuNs[job]!;
      assert.ok(firstRunNs[job]! >= arrivalNs, `${policy}: ${job} runs at ${firstRunNs[job]}`);
      const least = firstRunNs[job]! + cpuNs;
      assert.ok(
        completionNs[job]! >= least * (1 - ROUNDING) - 1,
        `${policy}: ${job} ends at ${completionNs[job]}`,
      );
      assert.ok(completionNs[job]! < Infinity);
    }
  })));

Deno.test("simulate() has no mean turnaround below SRPT's on one core", () =>
  often(fc.property(anyWorkload, anyPolicy, (workload, policy) => {
    const mean = (name: string) =>
      meanTurnaround(workload, simulate(workload, name, { cores: 1 }).completionNs);
    assert.ok(mean(policy) >= mean("srpt") * (1 - ROUNDING), policy);
  })));

Deno.test("simulate() of fifo, ps and srpt is never worse with more cores", () =>
  often(
    fc.property(anyWorkload, fc.constantFrom("fifo", "ps", "srpt"), anyCores, (workload, policy, cores) => {
      const mean = (count: number) =>
        meanTurnaround(workload, simulate(workload, policy, { cores: count }).completionNs);
      assert.ok(mean(cores + 1) <= mean(cores) * (1 + ROUNDING), `${policy} on ${cores + 1} cores`);
    }),
  ));

Deno.test("simulate() lets nobody wait where there are as many cores as invocations", () =>
  often(fc.property(anyWorkload, anyPolicy, (workload, policy) => {
    const { completionNs } = simulate(workload, policy, { cores: 60 });
    completionNs.forEach((end, job) => close(end, workload.arrivalNs[job]! + workload.cpuNs[job]!, policy));
  })));

Deno.test("simulate() gives the same for the same", () =>
  often(fc.property(anyWorkload, anyPolicy, anyCores, anyCosts, (workload, policy, cores, costs) => {
    const options = { cores, ...costs };
    assert.deepEqual(simulate(workload, policy, options), simulate(workload, policy, options));
  })));

Deno.test("simulate() of srpt agrees with the learner's simulation", () =>
  often(fc.property(anyWorkload, anyCores, fc.constantFrom(0, 8 * MS), (workload, cores, minRunNs) => {
    const jobs = Array.from(workload.arrivalNs, (arrival, job) => ({ arrival, cpu: workload.cpuNs[job]! }));
    const expected = simulateSrpt(jobs, { cores, minRun: minRunNs });
    const { completionNs, firstRunNs } = simulate(workload, "srpt", { cores, minRunNs });
    assert.deepEqual([...completionNs], expected.map(({ completion }) => completion));
    assert.deepEqual([...firstRunNs], expected.map(({ firstRun }) => firstRun));
  })));

Deno.test("simulate() takes a hundred thousand alike at once", () => {
  const workload = {
    arrivalNs: new Float64Array(1e5),
    cpuNs: new Float64Array(1e5).fill(5 * MS),
    functionIds: new Int32Array(1e5),
    functions: ["f"],
  };
  for (const policy of ["fifo", "rr", "ps", "srpt", "sfs"]) {
    const { completionNs } = simulate(workload, policy, { cores: 4 });
    close(Math.max(...completionNs.subarray(99_990)), 1e5 / 4 * 5 * MS, policy);
  }
});

Deno.test("simulate() says which policies and options there are", () => {
  const workload = workloadOf([0, 1]);
  assert.throws(() => simulate(workload, "lifo", { cores: 1 }), {
    name: "RangeError",
    message:
      /^cannot simulate policy "lifo": must be one of fifo, rr, ps, srpt, sfs, alps:avg, alps:LR, .*gittins$/,
  });
  for (const cores of [0, -1, 1.5, NaN, 4097]) {
    assert.throws(() => simulate(workload, "ps", { cores }), /must be a whole number from 1 to 4096$/);
  }
  for (const value of [-1, NaN, Infinity]) {
    assert.throws(
      () => simulate(workload, "ps", { cores: 1, minRunNs: value }),
      /minRunNs .*: must be from 0/,
    );
    assert.throws(
      () => simulate(workload, "ps", { cores: 1, switchCostNs: value }),
      /switchCostNs .*: must be/,
    );
  }
});
