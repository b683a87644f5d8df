/**
 * What of the gap was to be had: the oracle has both cores for itself, and the least CPU time that any run measured for an
 * invocation. A run has neither: host, client and agent take their part of the machine, and what they take, those pay who
 * wait longest.
 */
import { simulateSrpt } from "../learn/simulate.ts";
import { type Comparison, DEFAULT, ORACLE } from "./compare.ts";
import type { PolicyRun } from "./policy_run.ts";
import type { Interval } from "./results.ts";
import { gapClosed, type Measured, medianInterval } from "./summary.ts";

/** A run, and how much of the machine others had in it. */
export interface RunAsItWas {
  readonly measured: readonly Measured[];
  /** CPU time of all but the functions, in percent of the machine: 0 up to below 100. */
  readonly othersPercent: number;
}

/** A run of a policy with what all else took: host, client, agent, other programs, and other virtual machines (steal time). */
export function asItWas(run: PolicyRun, cores: number): RunAsItWas {
  return {
    measured: run.measurement.measured,
    othersPercent: run.elsewherePercent + run.agent.cpuPercent / cores,
  };
}

/**
 * Mean turnaround, in milliseconds, of SRPT with known sizes over the same due times, each invocation taking the CPU time
 * that it took in this run, on cores that are slower by the share that others had. NaN where none succeeded.
 */
export function perfectOrderMeanMs({ measured, othersPercent }: RunAsItWas, cores: number): number {
  const done = measured.filter(({ failed }) => !failed);
  const speed = 1 - othersPercent / 100;
  const outcomes = simulateSrpt(done.map(({ dueMs, cpuMs }) => ({ arrival: dueMs, cpu: cpuMs / speed })), {
    cores,
  });
  return outcomes.reduce((sum, { completion }, index) => sum + completion - done[index]!.dueMs, 0) /
    done.length;
}

/**
 * How much of the gap a perfect order would have closed in a policy's runs.
 *
 * @param runs one a round of the comparison; undefined where the policy is missing in it
 * @returns undefined where there was no gap in any round
 */
export function attainableGap(
  { byRound }: Pick<Comparison, "byRound">,
  runs: readonly (RunAsItWas | undefined)[],
  cores: number,
): Interval | undefined {
  const values = runs.flatMap((run, round) => {
    const before = byRound.get(DEFAULT)?.[round], bound = byRound.get(ORACLE)?.[round];
    return run && before && bound
      ? [gapClosed(before.all.mean_ms, perfectOrderMeanMs(run, cores), bound.all.mean_ms)]
      : [];
  }).filter(Number.isFinite);
  return values.length === 0 ? undefined : medianInterval(values);
}
