/**
 * The document of an evaluation: `results.json`. What `demo --json` prints, and what only the evaluation knows.
 */
import { median } from "simple-statistics";
import { asItWas, type Attainable, attainableGap } from "../attainable.ts";
import { compareRounds, DEFAULT } from "../compare.ts";
import { describeCommit, describeMachine } from "../machine.ts";
import { CHECKOUT } from "../processes.ts";
import type { Results, Run } from "../results.ts";
import type { Measured } from "../summary.ts";
import type { EvaluatedRound, Evaluation, MeasuredCondition } from "./evaluate.ts";
import { type Figures, figuresOf, METRICS, type Size, SIZES, sizesOf } from "./figures.ts";
import type { EvaluatedRun } from "./one_run.ts";
import { conditionName, type Plan } from "./plan.ts";
import type { SimulatedRun } from "./simulation.ts";
import { pairedRatio, type Ratio } from "./statistics.ts";

/** `results.json`. */
export interface BenchDocument extends Results {
  /** RFC 3339. */
  readonly date: string;
  readonly command: string;
  readonly study: Plan["study"];
  /** False where it was interrupted. */
  readonly finished: boolean;
  readonly rounds_planned: number;
  readonly seconds: number;
  readonly work: number;
  readonly host: Plan["host"];
  /** Why nothing was measured on processes; null where it was. */
  readonly not_measured: string | null;
  readonly runs: BenchRun[];
  readonly simulated: readonly SimulatedRun[];
}

/** One condition. */
export interface BenchRun extends Run {
  readonly name: string;
  readonly functions: readonly { readonly name: string; readonly cpu_ms: number; readonly size: Size }[];
  readonly policy_list: readonly PolicyEntry[];
  readonly comparisons: readonly ComparisonEntry[];
  readonly by_round: readonly RoundEntry[];
}

/** A policy under a condition. */
export interface PolicyEntry {
  readonly name: string;
  readonly what: string;
  /** Why it cannot be had on this machine. */
  readonly not_possible: string | null;
  /** In so many rounds it can be compared with the default. Where that is none, the figures are of all rounds. */
  readonly usable_rounds: number;
  /** How much of the gap perfect orders would have closed in its runs; null where it is no ALPS, or there was no gap. */
  readonly attainable: Attainable | null;
  /** How much of the machine functions could have in its runs, in percent: host, client, agent and others had the rest. */
  readonly left_percent: number | null;
  /** Medians over rounds; null where there is none. */
  readonly figures: Figures | null;
  /** Of the whole machine, per invocation. */
  readonly context_switches: number | null;
  readonly agent_cpu_percent: number | null;
  readonly agent_memory_mb: number | null;
  readonly first_policy_s: number | null;
}

/** A ratio of a figure under one policy to that under another, in the same rounds. */
export interface ComparisonEntry {
  readonly policy: string;
  readonly against: string;
  readonly metric: string;
  readonly ratio: Ratio;
}

/** A round. */
export interface RoundEntry {
  readonly seed: number;
  readonly runs: readonly RunEntry[];
}

/** One run: everything by which it can be judged, and every invocation. */
export interface RunEntry {
  readonly policy: string;
  readonly unusable: readonly string[];
  readonly in_force: { readonly verdict: string; readonly detail: string };
  readonly scheduled: Readonly<Record<string, string>>;
  readonly functions_cpu_s: number;
  readonly lateness_p99_ms: number;
  readonly elsewhere_percent: number;
  readonly steal_percent: number;
  readonly context_switches: number;
  readonly agent_messages: readonly string[];
  readonly ranks: readonly { readonly s: number; readonly priorities: Readonly<Record<string, number>> }[];
  /** Columns of equal length, one place for each invocation in the order of due times; times in milliseconds. */
  readonly invocations: Invocations;
}

/** Columns. */
export interface Invocations {
  readonly function: readonly string[];
  readonly due_ms: readonly number[];
  readonly turnaround_ms: readonly number[];
  readonly execution_ms: readonly number[];
  readonly cpu_ms: readonly number[];
  readonly failed: readonly boolean[];
}

/** The document of what was measured. */
export async function describe(
  plan: Plan,
  evaluation: Evaluation | undefined,
  simulated: readonly SimulatedRun[],
  notMeasured: string | undefined,
  command: string,
): Promise<BenchDocument> {
  return {
    machine: describeMachine(plan.cores),
    commit: await describeCommit(CHECKOUT),
    date: new Date().toISOString(),
    command,
    study: plan.study,
    finished: evaluation?.finished ?? false,
    rounds_planned: plan.rounds,
    seconds: plan.seconds,
    work: plan.work,
    host: plan.host,
    not_measured: notMeasured ?? null,
    runs: (evaluation?.conditions ?? []).filter(({ rounds }) => rounds.length > 0)
      .map((condition) => describeCondition(condition, plan)),
    simulated,
  };
}

function describeCondition(measured: MeasuredCondition, plan: Plan): BenchRun {
  const { condition, description, load, policies, notPossible, rounds } = measured;
  const usable = usableRuns(rounds);
  const comparison = compareRounds(
    usable.map((round) => new Map([...round].map(([name, run]) => [name, run.measurement.measured]))),
    plan.cores,
  );
  const sizes = sizesOf(comparison.cpuMs);
  const longest = comparison.longest.function;
  const figures = usable.map((round) =>
    new Map([...round].map(([name, run]) => [name, figuresOf(run.measurement.measured, sizes, longest)]))
  );
  const wanted = [...policies.map(({ name }) => name), ...notPossible.keys()];
  const order = plan.policies.map(({ name }) => name).filter((name) => wanted.includes(name));
  return {
    name: conditionName(condition),
    trace: `${description}, ${plan.seconds} s, seeds ${plan.seed} to ${plan.seed + rounds.length - 1}`,
    load: Math.round(load * 1000) / 1000,
    cores: plan.cores,
    rounds: rounds.length,
    policies: comparison.policies,
    gap_closed: comparison.gapClosed,
    functions: [...comparison.cpuMs].sort(([, a], [, b]) => a - b)
      .map(([name, cpuMs]) => ({ name, cpu_ms: rounded(cpuMs), size: sizes.get(name)! })),
    policy_list: order.map((name) => {
      const runs = usable.flatMap((round) => round.get(name) ?? []);
      const perRound = usable.map((round) => {
        const run = round.get(name);
        return run && asItWas(run, plan.cores);
      });
      const middle = (of: (run: EvaluatedRun) => number | undefined) =>
        medianOf(runs.flatMap((run) => of(run) ?? []));
      return {
        name,
        what: policies.find((policy) => policy.name === name)?.what ?? "",
        not_possible: notPossible.get(name) ?? null,
        usable_rounds: rounds.filter((round) => isUsable(round, name)).length,
        attainable: name.startsWith("alps:") ? attainableGap(comparison, perRound, plan.cores) ?? null : null,
        left_percent: medianOf(perRound.flatMap((run) => run ? [rounded(100 - run.othersPercent)] : [])),
        figures: combine(figures.flatMap((round) => round.get(name) ?? [])),
        context_switches: middle(({ contextSwitches, measurement }) =>
          contextSwitches / Math.max(1, measurement.measured.length)
        ),
        agent_cpu_percent: middle(({ agent }) => agent.cpuPercent),
        agent_memory_mb: middle(({ agent }) => agent.peakMemoryMb),
        first_policy_s: middle(({ agent }) => agent.learned.firstS),
      };
    }),
    comparisons: compareAll(figures, policies.map(({ name }) => name)),
    by_round: rounds.map(describeRound),
  };
}

/** A round's run can be used where neither it nor the default's has a problem. */
function isUsable({ unusable, runs }: EvaluatedRound, name: string): boolean {
  return !unusable.has(name) && !unusable.has(DEFAULT) && runs.some(({ by }) => by.name === name);
}

/**
 * The runs of each round that can be compared. A policy without any is taken from all rounds: its row then says so, rather
 * than that nothing is shown. So are all, where the default itself never has a usable run.
 */
function usableRuns(rounds: readonly EvaluatedRound[]): Map<string, EvaluatedRun>[] {
  const names = new Set(rounds.flatMap(({ runs }) => runs.map(({ by }) => by.name)));
  const never = new Set([...names].filter((name) => !rounds.some((round) => isUsable(round, name))));
  return rounds
    .filter((round) => never.has(DEFAULT) || isUsable(round, DEFAULT))
    .map((round) =>
      new Map(
        round.runs.filter(({ by: { name } }) => never.has(name) || isUsable(round, name))
          .map((run) => [run.by.name, run]),
      )
    );
}

function compareAll(
  rounds: readonly ReadonlyMap<string, Figures>[],
  names: readonly string[],
): ComparisonEntry[] {
  const others = names.filter((name) => name !== DEFAULT);
  const learned = others.filter((name) => name.startsWith("alps:"));
  const [first, ...more] = learned;
  const pairs = [
    ...others.map((name) => [name, DEFAULT] as const),
    // Predictors against the one that was named first.
    ...more.map((name) => [name, first!] as const),
    ...learned.flatMap((name) =>
      others.filter((other) => !learned.includes(other)).map((other) => [name, other] as const)
    ),
  ];
  return pairs.flatMap(([policy, against]) =>
    METRICS.flatMap(({ key, of }) => {
      const ratio = pairedRatio(rounds.flatMap((round) => {
        const a = round.get(policy), b = round.get(against);
        return a === undefined || b === undefined ? [] : [[of(a), of(b)] as const];
      }));
      return ratio === undefined ? [] : [{ policy, against, metric: key, ratio }];
    })
  );
}

/** Medians of all figures over rounds; counts are added up. */
function combine(rounds: readonly Figures[]): Figures | null {
  if (rounds.length === 0) return null;
  const middle = (of: (figures: Figures) => number | null | undefined) =>
    medianOf(rounds.flatMap((round) => of(round) ?? [])) ?? 0;
  const summary = (of: (figures: Figures) => Figures["all"] | undefined): Figures["all"] => {
    const field = (key: keyof Figures["all"]) => middle((round) => of(round)?.[key]);
    const sum = (key: "n" | "failed") => rounds.reduce((total, round) => total + (of(round)?.[key] ?? 0), 0);
    return {
      n: sum("n"),
      failed: sum("failed"),
      mean_ms: field("mean_ms"),
      p50_ms: field("p50_ms"),
      p90_ms: field("p90_ms"),
      p99_ms: field("p99_ms"),
      mean_slowdown: field("mean_slowdown"),
      mean_execution_ms: field("mean_execution_ms"),
    };
  };
  const quantiles = (key: "execution_ms" | "slowdown") => ({
    p50: middle((round) => round[key].p50),
    p90: middle((round) => round[key].p90),
    p99: middle((round) => round[key].p99),
  });
  return {
    all: summary(({ all }) => all),
    execution_ms: quantiles("execution_ms"),
    slowdown: quantiles("slowdown"),
    sizes: Object.fromEntries(
      SIZES.filter((size) => rounds.some(({ sizes }) => sizes[size])).map((size) => [
        size,
        summary(({ sizes }) => sizes[size]),
      ]),
    ),
    longest_p99_ms: middle(({ longest_p99_ms: ms }) => ms),
    preemptions: rounds.every(({ preemptions }) => preemptions === null)
      ? null
      : middle(({ preemptions }) => preemptions),
  };
}

function describeRound({ seed, runs, unusable }: EvaluatedRound): RoundEntry {
  return {
    seed,
    runs: runs.map((run) => ({
      policy: run.by.name,
      unusable: unusable.get(run.by.name) ?? [],
      in_force: run.inForce,
      scheduled: run.scheduled,
      functions_cpu_s: rounded(run.measurement.measured.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / 1000),
      lateness_p99_ms: rounded(run.replay.latenessMs.p99),
      elsewhere_percent: rounded(run.elsewherePercent),
      steal_percent: rounded(run.stealPercent),
      context_switches: run.contextSwitches,
      agent_messages: run.agent.messages,
      ranks: run.agent.learned.ranks.map(({ s, priorities }) => ({ s: rounded(s), priorities })),
      invocations: columns(run.measurement.measured),
    })),
  };
}

function columns(rows: readonly Measured[]): Invocations {
  return {
    function: rows.map((row) => row.function),
    due_ms: rows.map(({ dueMs }) => rounded(dueMs)),
    turnaround_ms: rows.map(({ dueMs, endMs }) => rounded(endMs - dueMs)),
    execution_ms: rows.map(({ executionMs }) => rounded(executionMs)),
    cpu_ms: rows.map(({ cpuMs }) => rounded(cpuMs)),
    failed: rows.map(({ failed }) => failed),
  };
}

function medianOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : median([...values]);
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
