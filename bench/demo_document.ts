/**
 * The demo's JSON document.
 */
import type { Attainable } from "./attainable.ts";
import type { Comparison } from "./compare.ts";
import { agentRuns, agentSummary, attainableIn, compareDemo, type DemoResult } from "./demo_result.ts";
import type { Interval, Run } from "./results.ts";

/** A run of results, with what only the demo knows. */
export interface DemoRun extends Run {
  /** How much of the gap perfect orders would have closed in the runs of ALPS; null where there was none. */
  readonly attainable: Attainable | null;
  /** By policy: mean turnaround over the default's. */
  readonly mean_ratio: Record<string, Interval>;
  /** By policy: p99 of the function with the most CPU time over the default's. */
  readonly longest: { readonly function: string; readonly p99_ratio: Record<string, Interval> };
  /** By policy: what its agent took and how soon it had learned; null where it had not. */
  readonly agents: Record<string, AgentSummary>;
  readonly by_round: readonly RoundSummary[];
}

interface AgentSummary {
  readonly cpu_percent: number;
  readonly peak_memory_mb: number;
  readonly first_policy_s: number | null;
  readonly all_learned_s: number | null;
}

interface RoundSummary {
  readonly seed: number;
  /** By policy. */
  readonly mean_ms: Record<string, number>;
  readonly gap_closed: number | null;
  /** How late requests left the client. */
  readonly lateness_p99_ms: Record<string, number>;
  /** Of the machine, by all but functions and agent. */
  readonly elsewhere_percent: Record<string, number>;
  /** CPU time of all invocations: how fast the machine was. */
  readonly functions_cpu_s: Record<string, number>;
}

/** The document's run. */
export function describeDemo(result: DemoResult, comparison: Comparison): DemoRun {
  const { options, description, cores, policies, rounds } = result;
  const names = policies.map(({ name }) => name);
  const byPolicy = <T>(value: (name: string) => T) =>
    Object.fromEntries(names.map((name) => [name, value(name)]));
  return {
    trace: `${description}, ${options.seconds} s, seed ${options.seed}`,
    load: options.load,
    cores,
    rounds: rounds.length,
    policies: comparison.policies,
    gap_closed: comparison.gapClosed,
    attainable: attainableIn(result, comparison)?.gap ?? null,
    mean_ratio: comparison.meanRatio,
    longest: { function: comparison.longest.function, p99_ratio: comparison.longest.p99Ratio },
    agents: byPolicy((name) => {
      const { cpuPercent, peakMemoryMb, firstS, allS } = agentSummary(agentRuns(result, name));
      return {
        cpu_percent: rounded(cpuPercent),
        peak_memory_mb: rounded(peakMemoryMb),
        first_policy_s: firstS === undefined ? null : rounded(firstS),
        all_learned_s: allS === undefined ? null : rounded(allS),
      };
    }),
    by_round: rounds.map((round) => {
      const { policies: figures, gapClosed } = compareDemo({ ...result, rounds: [round] });
      const run = (name: string) => round.runs.find(({ policy }) => policy.name === name)!;
      return {
        seed: round.seed,
        mean_ms: Object.fromEntries(
          Object.entries(figures).map(([name, { all }]) => [name, rounded(all.mean_ms)]),
        ),
        gap_closed: gapClosed[names[1]!]?.median ?? null,
        lateness_p99_ms: byPolicy((name) => rounded(run(name).replay.latenessMs.p99)),
        elsewhere_percent: byPolicy((name) => rounded(run(name).elsewherePercent)),
        functions_cpu_s: byPolicy((name) =>
          rounded(run(name).measurement.measured.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / 1000)
        ),
      };
    }),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
