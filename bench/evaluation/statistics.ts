/**
 * Paired ratios over rounds, and what they say. Pure.
 */
import { medianInterval } from "../summary.ts";
import type { Interval } from "../results.ts";

/** What a comparison says of a figure of which less is better. */
export type Verdict = "better" | "worse" | "no difference" | "one round";

/** A ratio over rounds. */
export interface Ratio extends Interval {
  readonly rounds: number;
  readonly verdict: Verdict;
}

/**
 * The median of the ratios a / b of the same rounds, with its bootstrap interval ({@link medianInterval}). Rounds are the
 * unit, because invocations of one round are not independent of each other; a and b of a round had the same requests.
 *
 * @param pairs a and b by round; those that are not both finite and above 0 are left out
 * @returns undefined where none is left
 */
export function pairedRatio(pairs: readonly (readonly [a: number, b: number])[]): Ratio | undefined {
  const ratios = pairs.filter(([a, b]) => a > 0 && b > 0 && a < Infinity && b < Infinity).map(([a, b]) =>
    a / b
  );
  if (ratios.length === 0) return undefined;
  const interval = medianInterval(ratios);
  return { ...interval, rounds: ratios.length, verdict: verdictOf(interval, ratios.length) };
}

/** An interval that includes 1 is no difference; a single round has no interval. */
export function verdictOf({ low, high }: Interval, rounds: number): Verdict {
  if (rounds < 2) return "one round";
  return high < 1 ? "better" : low > 1 ? "worse" : "no difference";
}

/**
 * How often the range of n rounds holds the true median, in percent: it misses where all are above it or all below, each with
 * probability 2^−n. With up to five rounds the bootstrap interval is this range, and cannot be surer.
 */
export function rangeCoverage(rounds: number): number {
  return 100 * (1 - 2 ** (1 - rounds));
}

/** Sentences on how sure the intervals are, for whoever reads them. */
export function intervalNote(rounds: number): string {
  if (rounds < 2) return "One round says nothing about chance: there are no intervals.";
  const method =
    "Figures are medians over the rounds; in parentheses the 95 % bootstrap interval of the median, from " +
    "ratios and gaps within each round.";
  return rounds > 5
    ? method
    : `${method} With ${rounds} rounds it is their range, which holds the true median in ${
      rangeCoverage(rounds).toFixed(0)
    } % of cases.`;
}
