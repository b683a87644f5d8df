/** Whether being attached changes anything: pairs of replays of the same requests, without an agent and with one. Pure. */
import { mean } from "simple-statistics";
import { pairedRatio, type Ratio } from "../evaluation/statistics.ts";
import type { Measured } from "../summary.ts";

/** The same requests, both ways. */
export interface Pair {
  readonly without: readonly Measured[];
  readonly attached: readonly Measured[];
}

/** More than this is a change, as a share of the mean turnaround. */
export const ALLOWED = 0.02;

/** `unclear`: the interval reaches over a bound; more pairs narrow it. */
export type Verdict = "unchanged" | "faster" | "slower" | "unclear";

/** Of one function, or of all. */
export interface Effect {
  readonly function: string;
  /** Invocations each way, over all pairs. */
  readonly invocations: number;
  /** Mean turnaround without an agent, in milliseconds. */
  readonly withoutMs: number;
  /** Mean turnaround attached over that without. */
  readonly turnaround: Ratio;
  /** The same of CPU time: where the machine's own speed changed, this says by how much. */
  readonly cpu: Ratio;
  /** Both ratios pair by pair. */
  readonly byPair: readonly { readonly turnaround: number; readonly cpu: number }[];
  readonly verdict: Verdict;
}

/** The name of the row of all functions. */
export const ALL = "all";

/**
 * Each function's change, then that of all together: medians over the pairs of the ratio of a pair's means.
 *
 * @param pairs at least one; functions that no pair has both ways are left out
 */
export function effects(pairs: readonly Pair[]): Effect[] {
  const names = [...new Set(pairs.flatMap(({ without }) => without.map((row) => row.function)))].sort();
  return [
    ...names.map((name) => effectOf(name, pairs, (row) => row.function === name)),
    effectOf(ALL, pairs, () => true),
  ]
    .filter((effect) => effect !== undefined);
}

function effectOf(name: string, all: readonly Pair[], isOf: (row: Measured) => boolean): Effect | undefined {
  const pairs = all
    .map(({ without, attached }) => ({ without: without.filter(isOf), attached: attached.filter(isOf) }))
    .filter(({ without, attached }) => without.length > 0 && attached.length > 0);
  const both = (figure: (row: Measured) => number) =>
    pairs.map(({ without, attached }) => [mean(attached.map(figure)), mean(without.map(figure))] as const);
  const turnarounds = both(turnaroundOf), cpus = both(({ cpuMs }) => cpuMs);
  const turnaround = pairedRatio(turnarounds), cpu = pairedRatio(cpus);
  if (turnaround === undefined || cpu === undefined) return undefined;
  const without = pairs.flatMap((pair) => pair.without);
  return {
    function: name,
    invocations: without.length,
    withoutMs: mean(without.map(turnaroundOf)),
    turnaround,
    cpu,
    byPair: turnarounds.map(([a, b], i) => ({ turnaround: a / b, cpu: cpus[i]![0] / cpus[i]![1] })),
    verdict: verdictOf(turnaround),
  };
}

function turnaroundOf({ dueMs, endMs }: Measured): number {
  return endMs - dueMs;
}

/** What an interval says of {@link ALLOWED}; that of one pair says nothing. */
export function verdictOf({ low, high, rounds }: Ratio): Verdict {
  if (rounds < 2) return "unclear";
  if (low >= 1 - ALLOWED && high <= 1 + ALLOWED) return "unchanged";
  return low > 1 + ALLOWED ? "slower" : high < 1 - ALLOWED ? "faster" : "unclear";
}
