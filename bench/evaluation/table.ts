/**
 * An evaluation as text for a terminal.
 */
import { attainableNote } from "../attainable.ts";
import { ORACLE } from "../compare.ts";
import { borderless, formatInterval, formatMs } from "../report.ts";
import type { Summary } from "../results.ts";
import { labelled, wrap } from "../text.ts";
import { escaped, shown } from "../../observe/names.ts";
import type { BenchDocument, BenchRun, PolicyEntry } from "./document.ts";
import { noises } from "./noise.ts";
import type { SimulatedRun } from "./simulation.ts";
import { formatRatio, ratioOf } from "./ratios.ts";
import { intervalNote, type Ratio } from "./statistics.ts";

/** Lines of prose are no longer, however wide the terminal. */
const PROSE_COLUMNS = 110;

/** All conditions, one table each, what is to be said of them, and the simulated part. */
export function documentText(document: BenchDocument, columns: number): string {
  const prose = Math.min(columns, PROSE_COLUMNS);
  const parts = document.runs.map((run) => runText(run, prose));
  const simulated = document.simulated.map(simulatedText);
  const rounds = Math.max(0, ...document.runs.map((run) => run.rounds));
  return [
    ...parts,
    ...(parts.length === 0 ? [] : [wrap(intervalNote(rounds), prose).join("\n")]),
    ...(document.not_measured === null ? [] : [
      wrap(
        `${
          parts.length === 0 ? "Not measured on processes" : "Not all was measured"
        }: ${document.not_measured}`,
        prose,
      ).join("\n"),
    ]),
    ...(document.runs.length > 0 && !document.finished
      ? [`Interrupted: of ${document.rounds_planned} rounds, those that were finished are shown.`]
      : []),
    ...simulated,
  ].join("\n\n");
}

function runText(run: BenchRun, columns: number): string {
  const oracle = run.policies[ORACLE]!.all;
  const table = text([
    ["", "gap closed", "mean / default's", "p99 / d.", "longest", "mean ms", "p99 ms", "slowdown", "failed"],
    ...run.policy_list.map((entry) => policyRow(run, entry)),
    [
      ORACLE,
      "1",
      "",
      "",
      "",
      formatMs(oracle.mean_ms),
      formatMs(oracle.p99_ms),
      formatMs(oracle.mean_slowdown),
      "",
    ],
  ]);
  return [
    `${run.name}: ${shown(run.trace)}, ${run.rounds === 1 ? "1 round" : `${run.rounds} rounds`}`,
    table,
    ...labelled([...attainables(run), ...verdicts(run), ...remarks(run)], columns),
  ].join("\n");
}

function policyRow(run: BenchRun, { name, not_possible, usable_rounds, figures }: PolicyEntry): string[] {
  if (not_possible !== null) return [name, "not possible here"];
  if (figures === null) return [name, "nothing measured"];
  const ratio = (metric: string) => ratioOf(run, name, "default", metric);
  const { all } = figures;
  return [
    usable_rounds === 0 ? `${name} (!)` : name,
    formatInterval(run.gap_closed[name], usable_rounds),
    formatRatio(ratio("mean")),
    shortRatio(ratio("p99")),
    shortRatio(ratio("longest_p99")),
    formatMs(all.mean_ms),
    formatMs(all.p99_ms),
    formatMs(all.mean_slowdown),
    String(all.failed),
  ];
}

/** The median alone; `no diff.` where there is nothing in it but chance. */
function shortRatio(ratio: Ratio | undefined): string {
  if (ratio === undefined) return "";
  return ratio.verdict === "no difference" ? "no diff." : ratio.median.toFixed(2);
}

/** What ALPS could have closed at most, as its runs were. */
function attainables(run: BenchRun): [string, string][] {
  return run.policy_list.flatMap(({ name, attainable, left_percent, usable_rounds }) =>
    attainable === null || left_percent === null
      ? []
      : [[name, `attainable: ${attainableNote(attainable, left_percent, usable_rounds)}`]]
  );
}

/** Where ALPS stands against each of the others, by mean turnaround. */
function verdicts(run: BenchRun): [string, string][] {
  const rows = run.comparisons.filter(({ policy, against, metric }) =>
    policy.startsWith("alps:") && against !== "default" && metric === "mean"
  );
  return rows.map((
    { policy, against, ratio },
  ) => [`${policy} / ${against}`, `mean turnaround ${formatRatio(ratio)}`]);
}

/** What a reader must know to believe the table. */
function remarks(run: BenchRun): [string, string][] {
  const problems = run.by_round.flatMap(({ seed, runs }) =>
    runs.flatMap(({ unusable }) => unusable.map((why) => `seed ${seed}: ${why}`))
  );
  const impossible = run.policy_list.flatMap(({ name, not_possible: why }) =>
    why === null ? [] : [`${name} is ${why}`]
  );
  const unseen = [
    ...new Set(
      run.by_round.flatMap(({ runs }) =>
        runs.filter(({ in_force: { verdict } }) => verdict === "unseen").map(({ policy }) => policy)
      ),
    ),
  ];
  const whole = run.policy_list.filter(({ figures, usable_rounds }) =>
    figures !== null && usable_rounds === 0
  );
  return [
    ...impossible.map((why): [string, string] => ["left out", why]),
    ...[...new Set(problems)].map((why): [string, string] => ["not usable", escaped(why)]),
    ...whole.map((
      { name },
    ): [string, string] => ["(!)", `${name}: no round was usable; its figures are of all rounds`]),
    ...(unseen.length > 0
      ? [["in force?", `too little ran at once to see it of ${unseen.join(", ")}`] satisfies [string, string]]
      : []),
    ...noises(run).map((noise): [string, string] => ["noise", noise]),
  ];
}

function simulatedText({ name, policies }: SimulatedRun): string {
  const row = (
    name: string,
    { mean_ms, p99_ms, mean_slowdown, gap_closed }: Summary & { gap_closed: number | null },
  ) => [
    name,
    gap_closed === null ? "-" : gap_closed.toFixed(2),
    ...[mean_ms, p99_ms, mean_slowdown].map(formatMs),
  ];
  return [
    `${name}, simulated without any cost of switching (ps stands for the default, srpt for the oracle)`,
    text([
      ["", "gap closed", "mean ms", "p99 ms", "slowdown"],
      ...Object.entries(policies).map(([policy, summary]) => row(policy, summary)),
    ]),
  ].join("\n");
}

/** Rows may end early. */
function text(rows: readonly (readonly string[])[]): string {
  const width = Math.max(...rows.map((row) => row.length));
  return borderless(
    rows.map((row) => [...row, ...Array.from({ length: width - row.length }, () => "")]),
    2,
  );
}
