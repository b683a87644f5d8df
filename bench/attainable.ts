/**
 * What of the gap was to be had: the oracle has all cores for itself, and the least CPU time that any run measured for an
 * invocation. A run has neither: host, client and agent take their part of the machine, and what they take, those pay who
 * wait longest. And nobody but the oracle knows an invocation's size before it ends.
 */
import { simulate } from "../simulate/policies.ts";
import { makeWorkload } from "../simulate/workload.ts";
import { type Comparison, DEFAULT, ORACLE } from "./compare.ts";
import type { PolicyRun } from "./policy_run.ts";
import type { Interval } from "./results.ts";
import { formatInterval } from "./report.ts";
import { simulatedRows } from "./simulated_rows.ts";
import { gapClosed, type Measured, medianInterval, summarize } from "./summary.ts";

/** A run, and how much of the machine others had in it. */
export interface RunAsItWas {
  readonly measured: readonly Measured[];
  /** CPU time of all but the functions, in percent of the machine: 0 up to below 100. */
  readonly othersPercent: number;
}

/** How much of the gap perfect orders would have closed in a policy's runs. */
export interface Attainable {
  /** SRPT, which knows all sizes. */
  readonly sizes_known: Interval;
  /** The Gittins policy, which knows the distribution of each function's sizes and of no invocation which it will be. */
  readonly functions_known: Interval;
}

/** A run of a policy with what all else took: host, client, agent, other programs, and other virtual machines (steal time). */
export function asItWas(run: PolicyRun, cores: number): RunAsItWas {
  return {
    measured: run.measurement.measured,
    othersPercent: run.elsewherePercent + run.agent.cpuPercent / cores,
  };
}

/**
 * Mean turnaround, in milliseconds, of a simulated policy without any costs over the same due times, each invocation taking
 * the CPU time that it took in this run, on cores that are slower by the share that others had. 0 where none succeeded.
 */
export function simulatedMeanMs(
  { measured, othersPercent }: RunAsItWas,
  policy: "srpt" | "gittins",
  cores: number,
): number {
  const speed = 1 - othersPercent / 100;
  const workload = makeWorkload(
    measured.filter(({ failed }) => !failed).map(({ function: name, dueMs, cpuMs }) => ({
      function: name,
      arrivalNs: dueMs * 1e6,
      cpuNs: cpuMs * 1e6 / speed,
    })),
  );
  return summarize(simulatedRows(workload, simulate(workload, policy, { cores }))).mean_ms;
}

/**
 * How much of the gap could have been closed in a policy's runs.
 *
 * @param runs one a round of the comparison; undefined where the policy is missing in it
 * @returns undefined where there was no gap in any round
 */
export function attainableGap(
  { byRound }: Pick<Comparison, "byRound">,
  runs: readonly (RunAsItWas | undefined)[],
  cores: number,
): Attainable | undefined {
  const gaps = (policy: "srpt" | "gittins") =>
    runs.flatMap((run, round) => {
      const before = byRound.get(DEFAULT)?.[round], bound = byRound.get(ORACLE)?.[round];
      return run && before && bound
        ? [gapClosed(before.all.mean_ms, simulatedMeanMs(run, policy, cores), bound.all.mean_ms)]
        : [];
    }).filter(Number.isFinite);
  const known = gaps("srpt");
  if (known.length === 0) return undefined;
  return { sizes_known: medianInterval(known), functions_known: medianInterval(gaps("gittins")) };
}

/** Both gaps in words. */
export function attainableText({ sizes_known, functions_known }: Attainable, rounds: number): string {
  return `${formatInterval(sizes_known, rounds)} if all sizes were known, ` +
    `${formatInterval(functions_known, rounds)} if functions' distributions were`;
}

/** The same with how it comes about. */
export function attainableNote(attainable: Attainable, leftPercent: number, rounds: number): string {
  return `${attainableText(attainable, rounds)}; simulated, with the CPU times of this run and the ` +
    `${leftPercent.toFixed(0)} % of the machine that host, client and agent left`;
}
