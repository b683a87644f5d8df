/** `docs/results.md`, from the document of a full run. */
import { ORACLE } from "../../compare.ts";
import { formatInterval, formatMs } from "../../report.ts";
import { oneLine } from "../../../observe/names.ts";
import type { BenchDocument, BenchRun, PolicyEntry } from "../document.ts";
import { goalsOf } from "../goals.ts";
import { noises } from "../noise.ts";
import { formatRatio, ratioOf } from "../ratios.ts";
import { intervalNote } from "../statistics.ts";

/** The page. */
export function resultsMarkdown(document: BenchDocument): string {
  const { machine, commit, date, command, runs, seconds, work } = document;
  const rounds = Math.max(0, ...runs.map((run) => run.rounds));
  return [
    "# Results",
    "",
    `Written by \`${code(command)}\` on ${date.slice(0, 10)}, commit \`${code(commit)}\`; not by hand. ${
      cell(machine.cpu)
    }, ${machine.cores} cores, Linux ${cell(machine.kernel)}; rounds of ${seconds} s${
      work === 1 ? "" : `, functions doing ${work} of their work`
    }.`,
    "",
    `Turnaround is from the instant at which a request was due to the end of its process. ${
      intervalNote(rounds)
    }`,
    ...runs.flatMap(section),
    "",
  ].join("\n");
}

function section(run: BenchRun): string[] {
  const oracle = run.policies[ORACLE]!.all;
  const goals = goalsOf(run);
  return [
    "",
    `## ${cell(run.name)}`,
    "",
    "| policy | gap closed | mean / default's | p99 / default's | p99 of the longest / default's | mean ms | p99 ms | slowdown |",
    "|---|---|---|---|---|---|---|---|",
    ...run.policy_list.map((entry) => row(run, entry)),
    `| ${ORACLE} | 1 | | | | ${
      [oracle.mean_ms, oracle.p99_ms, oracle.mean_slowdown].map(formatMs).join(" | ")
    } |`,
    ...(goals === undefined ? [] : [
      "",
      `Wanted of ${cell(goals.policy)}:`,
      "",
      ...goals.goals.map(({ what, measured, reached }) =>
        `- ${cell(what)}: ${cell(measured)}, ${
          reached === undefined ? "cannot tell" : reached ? "reached" : "**not reached**"
        }`
      ),
    ]),
    ...noises(run).flatMap((noise) => ["", `The machine was not quiet: ${cell(noise)}.`]),
  ];
}

function row(run: BenchRun, { name, figures, not_possible, usable_rounds }: PolicyEntry): string {
  if (figures === null) {
    return `| ${cell(name)} | ${
      not_possible === null ? "nothing measured" : cell(not_possible)
    } | | | | | | |`;
  }
  const ratios = ["mean", "p99", "longest_p99"].map((metric) =>
    formatRatio(ratioOf(run, name, "default", metric))
  );
  const { mean_ms, p99_ms, mean_slowdown } = figures.all;
  const unusable = usable_rounds === 0 ? " (no round usable)" : "";
  const cells = [
    cell(name) + unusable,
    formatInterval(run.gap_closed[name], usable_rounds),
    ...ratios,
    ...[mean_ms, p99_ms, mean_slowdown].map(formatMs),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** More characters than a sentence of ours has: what is cut is foreign. */
const MOST_SHOWN = 500;

/** Text that Markdown takes as text. */
function cell(text: string): string {
  return oneLine(text, MOST_SHOWN).replaceAll(/[\\`*_{}[\]<>|#]/g, (char) => `\\${char}`);
}

function code(text: string): string {
  return oneLine(text, MOST_SHOWN).replaceAll("`", "'");
}
