/**
 * From the rounds of a comparison to its figures: every policy against the default, with the oracle as the bound.
 */
import { mean, median } from "simple-statistics";
import { oracleRun } from "./oracle.ts";
import type { Interval, PolicyResult } from "./results.ts";
import { combineRounds, gapClosed, type Measured, medianInterval, summarizeRun } from "./summary.ts";

/** The name of the default policy, and that of the bound. */
export const DEFAULT = "default";
export const ORACLE = "oracle";

/** The runs of one round by policy, the default among them: the same invocations in the same order. Others may be missing. */
export type Round = ReadonlyMap<string, readonly Measured[]>;

/** The figures of a comparison. Ratios are of a policy to the default, in the same round. */
export interface Comparison {
  readonly policies: Record<string, PolicyResult>;
  /** By policy: of mean turnaround. Only policies and rounds with a gap to close are in it. */
  readonly gapClosed: Record<string, Interval>;
  /** By policy: of mean turnaround of all invocations. */
  readonly meanRatio: Record<string, Interval>;
  /** By function: mean CPU time of an invocation, the least measured for each, in milliseconds. */
  readonly cpuMs: ReadonlyMap<string, number>;
  /** By policy: the figures of each round; undefined where the round lacks it. */
  readonly byRound: ReadonlyMap<string, readonly (PolicyResult | undefined)[]>;
  /** The function with the most CPU time, and the ratio of its p99. */
  readonly longest: { readonly function: string; readonly p99Ratio: Record<string, Interval> };
}

/**
 * Compares.
 *
 * @throws RangeError where there is no round, or the runs of a round are not of the same invocations
 */
export function compareRounds(rounds: readonly Round[], cores: number): Comparison {
  if (rounds.length === 0) throw new RangeError("cannot compare 0 rounds: must be at least 1");
  const withOracle = rounds.map((round) =>
    new Map([...round, [ORACLE, oracleRun([...round.values()], cores)] as const])
  );
  const names = [...new Set(withOracle.flatMap((round) => [...round.keys()]))];
  // The oracle last, whatever was missing where.
  names.sort((a, b) => Number(a === ORACLE) - Number(b === ORACLE));
  const results = new Map(names.map((name) => [
    name,
    withOracle.map((round) => {
      const run = round.get(name);
      return run === undefined ? undefined : summarizeRun(run);
    }),
  ]));
  const others = names.filter((name) => name !== DEFAULT && name !== ORACLE);
  const cpuMs = cpuMsByFunction(withOracle.map((round) => round.get(ORACLE) ?? []));
  const longest = [...cpuMs].reduce((most, each) => each[1] > most[1] ? each : most, ["", -1])[0];

  const perRound = (name: string, figure: (policy: PolicyResult, round: Reference) => number) =>
    results.get(name)!.flatMap((policy, index) =>
      policy === undefined
        ? []
        : figure(policy, { default: results.get(DEFAULT)![index]!, oracle: results.get(ORACLE)![index]! })
    );
  const intervals = (
    policies: readonly string[],
    figure: (policy: PolicyResult, round: Reference) => number,
  ): Record<string, Interval> =>
    Object.fromEntries(policies.flatMap((name) => {
      const values = perRound(name, figure).filter(Number.isFinite);
      return values.length === 0 ? [] : [[name, medianInterval(values)]];
    }));
  return {
    policies: Object.fromEntries(
      names.map((name) => [name, combineRounds(results.get(name)!.filter((each) => each !== undefined))]),
    ),
    byRound: results,
    gapClosed: intervals(
      others,
      (policy, round) => gapClosed(round.default.all.mean_ms, policy.all.mean_ms, round.oracle.all.mean_ms),
    ),
    meanRatio: intervals(others, (policy, round) => policy.all.mean_ms / round.default.all.mean_ms),
    cpuMs,
    longest: {
      function: longest,
      p99Ratio: intervals(
        others,
        (policy, round) =>
          (policy.functions[longest]?.p99_ms ?? NaN) / (round.default.functions[longest]?.p99_ms ?? NaN),
      ),
    },
  };
}

/** What a policy is compared with. */
interface Reference {
  readonly default: PolicyResult;
  readonly oracle: PolicyResult;
}

/** Median over the rounds of the mean over the invocations. */
function cpuMsByFunction(oracles: readonly (readonly Measured[])[]): Map<string, number> {
  const means = oracles.flatMap((run) =>
    [...Map.groupBy(run.filter((row) => !row.failed), (row) => row.function)].map(([name, rows]) => ({
      name,
      cpuMs: mean(rows.map((row) => row.cpuMs)),
    }))
  );
  return new Map(
    [...Map.groupBy(means, ({ name }) => name)].map((
      [name, list],
    ) => [name, median(list.map(({ cpuMs }) => cpuMs))]),
  );
}
