/**
 * What a demo has measured.
 */
import { mean, median } from "simple-statistics";
import { asItWas, type Attainable, attainableGap } from "./attainable.ts";
import { compareRounds, type Comparison } from "./compare.ts";
import type { DemoOptions } from "./demo_options.ts";
import type { PolicyRun, RunnablePolicy } from "./policy_run.ts";

/** One valid round: its runs in the order of {@link DemoResult.policies}. */
export interface DemoRound {
  readonly seed: number;
  readonly runs: readonly PolicyRun[];
}

/** All that was measured. */
export interface DemoResult {
  readonly options: DemoOptions;
  /** What was run, in a few words. */
  readonly description: string;
  readonly cores: number;
  /** The default first. */
  readonly policies: readonly [RunnablePolicy, RunnablePolicy];
  readonly rounds: readonly DemoRound[];
}

/** The comparison of all rounds. */
export function compareDemo({ rounds, cores }: DemoResult): Comparison {
  return compareRounds(
    rounds.map(({ runs }) =>
      new Map(runs.map(({ policy, measurement }) => [policy.name, measurement.measured]))
    ),
    cores,
  );
}

/** What could have been closed in the runs of ALPS, and how much of the machine they had; undefined where there was no gap. */
export function attainableIn(
  result: DemoResult,
  comparison: Comparison,
): { readonly gap: Attainable; readonly leftPercent: number } | undefined {
  const { cores, policies: [, { name }] } = result;
  const runs = agentRuns(result, name).map((run) => asItWas(run, cores));
  const gap = attainableGap(comparison, runs, cores);
  return gap && { gap, leftPercent: 100 - mean(runs.map(({ othersPercent }) => othersPercent)) };
}

/** The runs of one policy, one a round. */
export function agentRuns({ rounds }: DemoResult, policy: string): PolicyRun[] {
  return rounds.flatMap(({ runs }) => runs.filter((run) => run.policy.name === policy));
}

/** Medians over the rounds; a time to learn only where it was reached in every round. */
export function agentSummary(runs: readonly PolicyRun[]) {
  const middle = (value: (run: PolicyRun) => number | undefined): number | undefined => {
    const values = runs.flatMap((run) => value(run) ?? []);
    return values.length === 0 || values.length < runs.length ? undefined : median(values);
  };
  return {
    cpuPercent: middle(({ agent }) => agent.cpuPercent) ?? 0,
    peakMemoryMb: middle(({ agent }) => agent.peakMemoryMb) ?? 0,
    firstS: middle(({ agent }) => agent.learned.firstS),
    allS: middle(({ agent }) => agent.learned.allS),
    backends: [...new Set(runs.flatMap(({ agent }) => agent.learned.backend ?? []))],
  };
}
