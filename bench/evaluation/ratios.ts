/** Ratios out of a document, and as text. Pure. */
import { formatInterval } from "../report.ts";
import type { BenchRun } from "./document.ts";
import type { Ratio } from "./statistics.ts";

/** The ratio of one policy's figure to another's. */
export function ratioOf(run: BenchRun, policy: string, against: string, metric: string): Ratio | undefined {
  return run.comparisons.find((each) =>
    each.policy === policy && each.against === against && each.metric === metric
  )?.ratio;
}

/** `0.62 (0.58 to 0.66)`; with nothing in it but chance, `no difference (0.97 to 1.04)`; nothing where there is none. */
export function formatRatio(ratio: Ratio | undefined): string {
  if (ratio === undefined) return "";
  if (ratio.verdict !== "no difference") return formatInterval(ratio, ratio.rounds);
  return `no difference (${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)})`;
}
