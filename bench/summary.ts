/**
 * From measured invocations to the figures of a report.
 */
import { mean, median } from "simple-statistics";
import { percentile } from "../simulate/percentile.ts";
import { randomNumbers } from "../traces/random.ts";
import type { Interval, PolicyResult, Summary } from "./results.ts";

/** One invocation of a run, all times in milliseconds. */
export interface Measured {
  readonly function: string;
  /** When the request was due by the trace. */
  readonly dueMs: number;
  /** When it ended, in the kernel's record, on the clock of `dueMs`. */
  readonly endMs: number;
  readonly cpuMs: number;
  /** First run to end. */
  readonly executionMs: number;
  /** Failed or unanswered: counted, but in no other figure. */
  readonly failed: boolean;
  /** How often it lost the CPU while it could have gone on; undefined where that is not known. */
  readonly preemptions?: number | undefined;
}

/** Figures of some invocations. Where none succeeded, all times are 0. An invocation without CPU time has no slowdown. */
export function summarize(rows: readonly Measured[]): Summary {
  const done = rows.filter((row) => !row.failed);
  const turnaroundsMs = done.map(({ dueMs, endMs }) => endMs - dueMs).sort((a, b) => a - b);
  const slowdowns = done.filter(({ cpuMs }) => cpuMs > 0).map(({ dueMs, endMs, cpuMs }) =>
    (endMs - dueMs) / cpuMs
  );
  const some = done.length > 0;
  return {
    n: rows.length,
    failed: rows.length - done.length,
    mean_ms: some ? mean(turnaroundsMs) : 0,
    p50_ms: some ? percentile(turnaroundsMs, 0.5) : 0,
    p90_ms: some ? percentile(turnaroundsMs, 0.9) : 0,
    p99_ms: some ? percentile(turnaroundsMs, 0.99) : 0,
    mean_slowdown: slowdowns.length > 0 ? mean(slowdowns) : 0,
    mean_execution_ms: some ? mean(done.map(({ executionMs }) => executionMs)) : 0,
  };
}

/** Figures of one run: of all invocations, and per function in order of name. */
export function summarizeRun(rows: readonly Measured[]): PolicyResult {
  const byFunction = Map.groupBy(rows, (row) => row.function);
  const names = [...byFunction.keys()].sort();
  return {
    all: summarize(rows),
    // A function may have any name, so also one that plain objects have a property of already.
    functions: Object.fromEntries(names.map((name) => [name, summarize(byFunction.get(name)!)])),
  };
}

/**
 * Figures of several rounds of one policy: the median of each time over the rounds, and the sums of `n` and `failed`.
 * A function counts in the rounds that have it.
 *
 * @param rounds at least one
 * @throws RangeError where there is none
 */
export function combineRounds(rounds: readonly PolicyResult[]): PolicyResult {
  if (rounds.length === 0) throw new RangeError("cannot combine 0 rounds: must be at least 1");
  const names = [...new Set(rounds.flatMap((round) => Object.keys(round.functions)))].sort();
  return {
    all: combine(rounds.map((round) => round.all)),
    functions: Object.fromEntries(
      names.map((name) => [
        name,
        combine(
          rounds.flatMap((round) => Object.hasOwn(round.functions, name) ? round.functions[name]! : []),
        ),
      ]),
    ),
  };
}

function combine(summaries: readonly Summary[]): Summary {
  const middle = (key: keyof Summary) => median(summaries.map((summary) => summary[key]));
  const sum = (key: keyof Summary) => summaries.reduce((total, summary) => total + summary[key], 0);
  return {
    n: sum("n"),
    failed: sum("failed"),
    mean_ms: middle("mean_ms"),
    p50_ms: middle("p50_ms"),
    p90_ms: middle("p90_ms"),
    p99_ms: middle("p99_ms"),
    mean_slowdown: middle("mean_slowdown"),
    mean_execution_ms: middle("mean_execution_ms"),
  };
}

/**
 * How much of the way from the default to the oracle a policy went: 1 is the oracle, 0 the default, below 0 worse.
 * Arguments are mean turnarounds of the same invocations, in one unit.
 *
 * @returns NaN where the default is no worse than the oracle: there was no gap to close
 */
export function gapClosed(defaultMean: number, policyMean: number, oracleMean: number): number {
  const gap = defaultMean - oracleMean;
  return gap > 0 ? (defaultMean - policyMean) / gap : NaN;
}

/** How many resamples a bootstrap interval is taken from. */
const RESAMPLES = 2000;

/**
 * The median of some rounds' figures and its 95 % bootstrap interval (percentile method, from resamples with a fixed
 * seed: the same figures give the same interval). With one figure all three are this figure.
 *
 * @param values at least one
 * @throws RangeError where there is none
 */
export function medianInterval(values: readonly number[]): Interval {
  if (values.length === 0) throw new RangeError("cannot take the median of 0 figures: must be at least 1");
  const random = randomNumbers(values.length);
  const medians = Array.from(
    { length: RESAMPLES },
    () => median(values.map(() => values[Math.floor(random() * values.length)]!)),
  ).sort((a, b) => a - b);
  return { median: median([...values]), low: percentile(medians, 0.025), high: percentile(medians, 0.975) };
}
