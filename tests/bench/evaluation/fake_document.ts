/** An evaluation that never ran, for tests of what is made of one. */
import { type BenchDocument, describe } from "../../../bench/evaluation/document.ts";
import type { EvaluatedRound, Evaluation } from "../../../bench/evaluation/evaluate.ts";
import type { EvaluatedRun } from "../../../bench/evaluation/one_run.ts";
import { parseBenchOptions } from "../../../bench/evaluation/options.ts";
import { planOf } from "../../../bench/evaluation/plan.ts";
import { simulateConditions } from "../../../bench/evaluation/simulation.ts";
import { unusable } from "../../../bench/evaluation/usable.ts";
import { POLICIES } from "../../../bench/policies/mod.ts";
import type { Policy } from "../../../bench/policies/policy.ts";

/** CPU times of three functions, and how far their invocations are apart: they never overlap. */
const CPU_MS = [10, 50, 400], APART_MS = 10_000;

/** What a run of a test is like. */
export interface FakeRun {
  /** Turnaround over CPU time. */
  readonly factor: number;
  /** Of all CPU times; default 1. */
  readonly speed?: number;
  readonly failed?: boolean;
}

/** A document of `rounds` rounds: by policy what its runs are like, round by round. */
export async function fakeDocument(
  runs: Readonly<Record<string, readonly FakeRun[]>>,
  { args = [], names = ["short", "middle", "long"], notPossible = {} }: {
    args?: readonly string[];
    names?: readonly string[];
    notPossible?: Readonly<Record<string, string>>;
  } = {},
): Promise<BenchDocument> {
  const policyNames = Object.keys(runs);
  const wanted = [...policyNames, ...Object.keys(notPossible)].flatMap((name) => ["--policy", name]);
  const plan = planOf(parseBenchOptions(["--load", "0.9", ...wanted, ...args])!, 2);
  const policies = policyNames.map((name) => POLICIES.get(name)!({ cores: 2, sizes: new Map() }));
  const count = runs["default"]!.length;
  const rounds = Array.from({ length: count }, (_, round): EvaluatedRound => {
    const evaluated = policies.map((policy) => fakeRun(policy, runs[policy.name]![round]!, names));
    const judged = evaluated.map(({ by, measurement: { measured }, scheduled, problems }) => ({
      name: by.name,
      measured,
      scheduled,
      problems,
    }));
    return { seed: round + 1, runs: evaluated, unusable: unusable(judged) };
  });
  const evaluation: Evaluation = {
    plan,
    conditions: [{
      condition: plan.conditions[0]!,
      description: "an Azure-shaped trace",
      load: 0.9,
      policies,
      notPossible: new Map(Object.entries(notPossible)),
      rounds,
    }],
    finished: true,
  };
  return await describe(plan, evaluation, simulateConditions(plan), undefined, "deno task bench");
}

function fakeRun(
  policy: Policy,
  { factor, speed = 1, failed = false }: FakeRun,
  names: readonly string[],
): EvaluatedRun {
  const measured = Array.from({ length: 30 }, (_, index) => {
    const cpuMs = CPU_MS[index % 3]! * speed, dueMs = index * APART_MS;
    return {
      function: names[index % 3]!,
      dueMs,
      endMs: dueMs + factor * cpuMs,
      cpuMs,
      executionMs: cpuMs,
      failed: failed && index === 0,
      preemptions: 2,
    };
  });
  return {
    policy: { name: policy.name, backend: policy.agent.backend, ml: "avg" },
    by: policy,
    measurement: { joined: [], measured, failed: 0, unrecorded: 0, firstSights: 0 },
    replay: { latenessMs: { p50: 0.1, p99: 0.4 }, clientCpuMs: 0.1, wallMs: 60_000 },
    agent: {
      cpuPercent: 1,
      peakMemoryMb: 120,
      learned: {
        firstS: 1,
        allS: 3,
        backend: "stock",
        ranks: policy.agent.backend === "none" ? [] : [1, 2].map((s) => ({
          s,
          priorities: Object.fromEntries(names.map((name, index) => [name, index + 1])),
        })),
      },
      messages: [],
    },
    elsewherePercent: 2,
    stealPercent: 0,
    contextSwitches: 900,
    groupDemotions: 0,
    report: {
      tally: { looks: 0, contended: 0, contendedWithIdle: 0, mostFifo: 0, seen: [] },
      started: 30,
      changes: 0,
      refused: new Map(),
    },
    inForce: { verdict: "yes", detail: "100 %" },
    scheduled: { host: "FIFO 20" },
    problems: [],
  };
}
