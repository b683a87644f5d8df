import assert from "node:assert/strict";
import { makeTrace, MIXES } from "../../bench/mixes.ts";
import { type SimulatedInvocation, simulatePolicy } from "../../bench/policy_simulation.ts";
import { gapClosed, medianInterval } from "../../bench/summary.ts";
import { simulateSrpt } from "../../learn/simulate.ts";
import { simulateProcessorSharing } from "../../simulate/processor_sharing.ts";
import { normal, randomNumbers } from "../../traces/random.ts";

const MS = 1e6;
const CORES = 2;

function meanTurnaround(jobs: readonly SimulatedInvocation[], completions: Iterable<number>): number {
  return [...completions].reduce((sum, completion, index) => sum + completion - jobs[index]!.arrival, 0) /
    jobs.length;
}

/** Invocations of a mix whose sizes are noisy by `sigma`; n / 4000 ms each, as the made-up mixes mean it. */
function invocations(
  mix: "alike" | "lognormal",
  load: number,
  seed: number,
  sigma: number,
): SimulatedInvocation[] {
  const cpuMsOf = (_job: string, n: number) => n / 4000;
  const random = randomNumbers(100 + seed);
  return makeTrace({ mix: MIXES[mix], seed, load, cores: CORES, seconds: 20, cpuMsOf }).map((row) => ({
    arrival: row.dueMs * MS,
    cpu: row.n / 4000 * MS * Math.exp(sigma * normal(random)),
    functionId: Number(row.function.split("-")[1]),
  }));
}

/** Completions under the fair ideal; the jobs are in order of arrival. */
function fairCompletions(jobs: readonly SimulatedInvocation[]): Float64Array {
  const arrivalNs = Float64Array.from(jobs, ({ arrival }) => arrival);
  const cpuNs = Float64Array.from(jobs, ({ cpu }) => cpu);
  return simulateProcessorSharing({ arrivalNs, cpuNs }, { cores: CORES }).completionNs;
}

function medianGap(mix: "alike" | "lognormal", load: number, ml: string, sigma: number): number {
  return medianInterval([1, 2, 3, 4, 5, 6, 7, 8].map((seed) => {
    const jobs = invocations(mix, load, seed, sigma);
    const completions = simulatePolicy(jobs, {
      cores: CORES,
      learner: { ml, cores: CORES },
      epochNs: 10e9,
      reactionNs: 0.5 * MS,
      ageDivisor: 64,
    });
    return gapClosed(
      meanTurnaround(jobs, fairCompletions(jobs)),
      meanTurnaround(jobs, completions),
      meanTurnaround(jobs, simulateSrpt(jobs, { cores: CORES }).map(({ completion }) => completion)),
    );
  })).median;
}

Deno.test("simulatePolicy() closes nearly all of the gap from nothing where invocations are alike", () => {
  for (const ml of ["avg", "LR"]) {
    for (const load of [0.9, 1.1]) {
      const gap = medianGap("alike", load, ml, 0.02);
      assert.ok(gap > 0.96 && gap <= 1.001, `${ml} at ${load}: ${gap}`);
    }
  }
});

Deno.test("simulatePolicy() closes about half of the gap from nothing where they vary lognormally", () => {
  for (const ml of ["avg", "LR"]) {
    for (const load of [0.9, 1.1]) {
      const gap = medianGap("lognormal", load, ml, 0);
      assert.ok(gap > 0.42 && gap < 0.9, `${ml} at ${load}: ${gap}`);
    }
  }
});

Deno.test("simulatePolicy() runs one invocation of an unknown function through before the next", () => {
  const jobs = [0, 1, 2].map((index) => ({ arrival: index * 10 * MS, cpu: 100 * MS, functionId: 1 }));
  const completions = simulatePolicy(jobs, {
    cores: 1,
    learner: { ml: "avg", cores: 1 },
    epochNs: 10e9,
    reactionNs: MS,
    ageDivisor: Infinity,
  });
  assert.deepEqual([...completions], [100 * MS, 200 * MS, 300 * MS]);
});

Deno.test("simulatePolicy() uses what it is told of the past", () => {
  // After 60 ms the long one has more left than the short one needs.
  const jobs = [{ arrival: 0, cpu: 100 * MS, functionId: 1 }, {
    arrival: 60 * MS,
    cpu: 10 * MS,
    functionId: 2,
  }];
  const history = [1, 2].flatMap((functionId) =>
    Array.from({ length: 5 }, () => ({
      functionId,
      pid: 1,
      kind: "process" as const,
      startNs: 0,
      endNs: 0,
      cpuNs: (functionId === 1 ? 100 : 10) * MS,
      waitNs: 0,
      firstRunNs: 0,
      preemptions: 0,
    }))
  );
  const options = {
    cores: 1,
    learner: { ml: "avg", cores: 1 },
    epochNs: 10e9,
    reactionNs: MS,
    ageDivisor: Infinity,
  };
  assert.deepEqual([...simulatePolicy(jobs, { ...options, history })], [110 * MS, 70 * MS]);
});
