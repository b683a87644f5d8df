/** What has changed between two evaluations, as text. */
import { formatInterval } from "../report.ts";
import { labelled, wrap } from "../text.ts";
import { shown } from "../../observe/names.ts";
import { changes, differences } from "./changes.ts";
import type { BenchDocument } from "./document.ts";

/** A line for each policy and condition that both have. */
export function changesText(before: BenchDocument, after: BenchDocument, columns: number): string {
  const found = changes(before, after);
  const rows = found.map(({ condition, policy, before, after, ratio, real }): [string, string] => [
    shown(`${condition}, ${policy}`),
    `mean over the default's ${before.toFixed(2)} -> ${after.toFixed(2)}, ` +
    (real
      ? `changed by ${formatInterval(ratio, 2)}`
      : `no difference (${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)})`),
  ]);
  const other = differences(before, after);
  return [
    `Since ${shown(before.date)}, commit ${shown(before.commit.slice(0, 12))}:`,
    ...other.flatMap((difference) => wrap(`not the same, ${shown(difference)}`, columns)),
    ...(rows.length === 0 ? ["no policy and trace is in both"] : labelled(rows, columns)),
  ].join("\n");
}
