import assert from "node:assert/strict";
import { simulateSrpt, type SrptJob } from "../../learn/simulate.ts";
import { randomNumbers } from "../../traces/random.ts";

type GoldenJob = [[arrivalMs: number, cpuMs: number, functionId: number], [number, number, number, number[]]];
interface Golden {
  min_run_ms: number;
  jobs: GoldenJob[];
}

async function golden(name: string): Promise<Golden> {
  return JSON.parse(await Deno.readTextFile(new URL(`./golden/${name}`, import.meta.url)));
}

for (const name of ["azure-100.json", "azure-500.json"]) {
  Deno.test(`simulateSrpt() gives the first implementation's figures for ${name}`, async () => {
    const { min_run_ms: minRun, jobs } = await golden(name);
    const outcomes = simulateSrpt(
      jobs.map(([[arrival, cpu]]) => ({ arrival, cpu })),
      { cores: 1, minRun, noticeDelay: 1 },
    );
    assert.equal(outcomes.length, Number(name.match(/\d+/)![0]));
    assert.deepEqual(
      outcomes.map((outcome) => [outcome.completion, outcome.wait, outcome.preemptions, outcome.slices]),
      jobs.map(([, expected]) => expected),
    );
  });
}

/** Random whole-numbered jobs at about the given load, in the given order of arrival. */
function randomJobs(seed: number, count: number, cores: number, load: number): SrptJob[] {
  const random = randomNumbers(seed);
  let arrival = 0;
  return Array.from({ length: count }, () => {
    const cpu = Math.floor(1 + 10 ** (3 * random()));
    arrival += Math.floor(2 * random() * (145 / (cores * load)));
    return { arrival, cpu };
  });
}

function meanTurnaround(jobs: readonly SrptJob[], completions: readonly number[]): number {
  return jobs.reduce((sum, job, index) => sum + completions[index]! - job.arrival, 0) / jobs.length;
}

/** First come, first served, on one core. */
function fifoCompletions(jobs: readonly SrptJob[]): number[] {
  let free = 0;
  return jobs.map(({ arrival, cpu }) => free = Math.max(free, arrival) + cpu);
}

/** One time unit after the other, as plainly as can be: what the event-driven simulation must agree with. */
function srptByTicks(jobs: readonly SrptJob[], cores: number): number[] {
  const remaining = jobs.map((job) => job.cpu);
  const completions = jobs.map(() => 0);
  for (let now = 0; remaining.some((left) => left > 0); now++) {
    const active = [...jobs.keys()].filter((job) => jobs[job]!.arrival <= now && remaining[job]! > 0);
    active.sort((a, b) => remaining[a]! - remaining[b]! || a - b);
    for (const job of active.slice(0, cores)) {
      if (--remaining[job]! === 0) completions[job] = now + 1;
    }
  }
  return completions;
}

Deno.test("simulateSrpt() completes the shortest first", () => {
  const jobs = [{ arrival: 0, cpu: 100 }, { arrival: 10, cpu: 5 }, { arrival: 10, cpu: 20 }];
  assert.deepEqual(simulateSrpt(jobs, { cores: 1 }), [
    { completion: 125, wait: 0, firstRun: 0, preemptions: 1, slices: [10, 90] },
    { completion: 15, wait: 0, firstRun: 10, preemptions: 0, slices: [5] },
    { completion: 35, wait: 5, firstRun: 15, preemptions: 0, slices: [20] },
  ]);
});

Deno.test("simulateSrpt() keeps a job on its core for the minimum run", () => {
  const jobs = [{ arrival: 0, cpu: 100 }, { arrival: 2, cpu: 5 }];
  assert.deepEqual(simulateSrpt(jobs, { cores: 1, minRun: 8 })[1], {
    completion: 13,
    wait: 6,
    firstRun: 8,
    preemptions: 0,
    slices: [5],
  });
});

Deno.test("simulateSrpt() preempts nobody for a job with as much remaining", () => {
  const jobs = [{ arrival: 0, cpu: 10 }, { arrival: 4, cpu: 6 }];
  assert.deepEqual(simulateSrpt(jobs, { cores: 1 }).map((outcome) => outcome.completion), [10, 16]);
});

Deno.test("simulateSrpt() takes free cores before it preempts, then the one with most remaining", () => {
  const jobs = [{ arrival: 0, cpu: 50 }, { arrival: 0, cpu: 80 }, { arrival: 10, cpu: 5 }];
  const outcomes = simulateSrpt(jobs, { cores: 2 });
  assert.deepEqual(outcomes.map((outcome) => outcome.preemptions), [0, 1, 0]);
  assert.deepEqual(outcomes.map((outcome) => outcome.completion), [50, 85, 15]);
  assert.deepEqual(simulateSrpt(jobs, { cores: 3 }).map((outcome) => outcome.preemptions), [0, 0, 0]);
});

Deno.test("simulateSrpt() takes jobs in any order and answers in theirs", () => {
  const jobs = [{ arrival: 10, cpu: 5 }, { arrival: 0, cpu: 100 }];
  assert.deepEqual(simulateSrpt(jobs, { cores: 1 }).map((outcome) => outcome.completion), [15, 105]);
});

Deno.test("simulateSrpt() takes an empty list and jobs without work", () => {
  assert.deepEqual(simulateSrpt([], { cores: 1 }), []);
  assert.deepEqual(simulateSrpt([{ arrival: 3, cpu: 0 }], { cores: 1 }), [
    { completion: 3, wait: 0, firstRun: 3, preemptions: 0, slices: [] },
  ]);
});

Deno.test("simulateSrpt() agrees with a simulation tick by tick on one to four cores", () => {
  for (const cores of [1, 2, 3, 4]) {
    for (let seed = 1; seed <= 5; seed++) {
      const jobs = randomJobs(seed, 60, cores, 1.1);
      assert.equal(
        meanTurnaround(jobs, simulateSrpt(jobs, { cores }).map((outcome) => outcome.completion)),
        meanTurnaround(jobs, srptByTicks(jobs, cores)),
        `${cores} cores, seed ${seed}`,
      );
    }
  }
});

Deno.test("simulateSrpt() conserves every job's CPU time and starts none before it arrives", () => {
  for (const cores of [1, 2, 5]) {
    for (const minRun of [0, 8]) {
      const jobs = randomJobs(cores, 400, cores, 1);
      simulateSrpt(jobs, { cores, minRun }).forEach((outcome, index) => {
        const { arrival, cpu } = jobs[index]!;
        assert.equal(outcome.slices.reduce((sum, slice) => sum + slice, 0), cpu);
        assert.equal(outcome.slices.length, outcome.preemptions + 1);
        assert.equal(outcome.firstRun, arrival + outcome.wait);
        assert.ok(outcome.wait >= 0 && outcome.completion >= outcome.firstRun + cpu);
        assert.ok(outcome.slices.slice(0, -1).every((slice) => slice >= minRun));
      });
    }
  }
});

Deno.test("simulateSrpt() conserves work: on one core the last job ends when first come, first served ends", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const jobs = randomJobs(seed, 300, 1, 0.9);
    const completions = simulateSrpt(jobs, { cores: 1, minRun: seed % 2 === 0 ? 8 : 0 }).map((o) =>
      o.completion
    );
    assert.equal(Math.max(...completions), Math.max(...fifoCompletions(jobs)));
  }
});

Deno.test("simulateSrpt() has a mean turnaround no worse than first come, first served", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const jobs = randomJobs(seed, 300, 1, 0.9);
    const completions = simulateSrpt(jobs, { cores: 1 }).map((outcome) => outcome.completion);
    assert.ok(meanTurnaround(jobs, completions) <= meanTurnaround(jobs, fifoCompletions(jobs)));
  }
});

Deno.test("simulateSrpt() refuses what it cannot simulate, with the value and what was wanted", () => {
  const job = { arrival: 0, cpu: 1 };
  for (const cores of [0, 1.5, NaN]) {
    assert.throws(() => simulateSrpt([job], { cores }), /cannot simulate .* cores: must be a whole number/);
  }
  assert.throws(() => simulateSrpt([job], { cores: 1, minRun: -1 }), /minRun -1: must be/);
  assert.throws(() => simulateSrpt([job], { cores: 1, noticeDelay: NaN }), /noticeDelay NaN: must be/);
  assert.throws(() => simulateSrpt([{ arrival: 0, cpu: -1 }], { cores: 1 }), /job 0 with CPU time -1/);
  assert.throws(
    () => simulateSrpt([job, { arrival: Infinity, cpu: 1 }], { cores: 1 }),
    /job 1 with arrival Infinity/,
  );
});
