/**
 * What a demo has measured.
 */
import { median } from "simple-statistics";
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
