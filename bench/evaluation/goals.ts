/**
 * What the project wants of itself, condition by condition, and whether it was reached. Pure.
 */
import { attainableText } from "../attainable.ts";
import { DEFAULT } from "../compare.ts";
import { formatInterval } from "../report.ts";
import type { BenchRun } from "./document.ts";
import { formatRatio, ratioOf } from "./ratios.ts";

/** Least gap to close, and most that the p99 of the longest function may be over the default's. */
const LEAST_GAP = 0.85, MOST_LONGEST = 1.25;

/** One goal. */
export interface Goal {
  readonly what: string;
  readonly measured: string;
  /** Undefined where what was measured does not tell. */
  readonly reached: boolean | undefined;
}

/** The goals of a condition for the ALPS with the largest gap closed; none where no ALPS was measured. */
export function goalsOf(run: BenchRun): { policy: string; goals: Goal[] } | undefined {
  const [policy] = run.policy_list
    .filter(({ name, figures }) => name.startsWith("alps:") && figures !== null)
    .map(({ name }) => name)
    .sort((a, b) => (run.gap_closed[b]?.median ?? -Infinity) - (run.gap_closed[a]?.median ?? -Infinity));
  if (policy === undefined) return undefined;
  const { usable_rounds: rounds, attainable } = run.policy_list.find(({ name }) => name === policy)!;
  const gap = run.gap_closed[policy];
  const longest = ratioOf(run, policy, DEFAULT, "longest_p99");
  const others = run.policy_list.filter(({ name, figures }) => !name.startsWith("alps:") && figures !== null);
  return {
    policy,
    goals: [
      {
        what: `gap closed at least ${LEAST_GAP}`,
        measured: formatInterval(gap, rounds) +
          (attainable === null ? "" : `; attainable in these runs: ${attainableText(attainable, rounds)}`),
        reached: gap && gap.median >= LEAST_GAP,
      },
      ...others.map(({ name }): Goal => {
        const ratio = ratioOf(run, policy, name, "mean");
        return {
          what: `mean turnaround less than under ${name}, beyond chance`,
          measured: formatRatio(ratio),
          reached: ratio === undefined || ratio.verdict === "one round"
            ? undefined
            : ratio.verdict === "better",
        };
      }),
      {
        what: `p99 of the longest function at most ${MOST_LONGEST} times the default's`,
        measured: formatRatio(longest),
        reached: longest && longest.median <= MOST_LONGEST,
      },
    ],
  };
}
