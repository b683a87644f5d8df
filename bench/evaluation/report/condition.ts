/** The part of the page on one condition. */
import { html, raw } from "hono/html";
import { ORACLE } from "../../compare.ts";
import { formatMs } from "../../report.ts";
import { oneLine } from "../../../observe/names.ts";
import type { BenchRun, PolicyEntry } from "../document.ts";
import { SIZES } from "../figures.ts";
import { goalsOf } from "../goals.ts";
import { noises } from "../noise.ts";
import { ratioOf } from "../ratios.ts";
import { distributionChart, gapChart, ranksChart, sizesChart } from "./charts.ts";
import { checksPart } from "./checks.ts";
import { name, type Part, ratioPart, table } from "./parts.ts";

/** Heading, tables, charts, checks. */
export function conditionSection(run: BenchRun): Part {
  return html`<h2>${name(run.name)}</h2>
<p class="soft">${name(run.trace)}; measured load ${run.load.toFixed(2)} of ${run.cores} cores</p>
${warnings(run)}
${mainTable(run)}
${goalsPart(run)}
${charts(run)}
<h3>Distributions and costs</h3>
${detailTable(run)}
<h3>Short, middle and long functions</h3>
${sizesTable(run)}
<details><summary>Functions</summary>${functionsTable(run)}</details>
${checksPart(run)}`;
}

function warnings(run: BenchRun): Part {
  const lines = [
    ...run.policy_list.flatMap(({ name, not_possible: why }) => why === null ? [] : [`${name} is ${why}.`]),
    ...run.policy_list.filter(({ figures, usable_rounds }) => figures !== null && usable_rounds === 0)
      .map(({ name }) => `No round of ${name} was usable (why is below): its figures are of all rounds.`),
    ...noises(run).map((noise) => `The machine was not quiet: ${noise}.`),
  ];
  return lines.length === 0
    ? ""
    : html`<div class="note">${lines.map((line) => html`<p>${oneLine(line, 1000)}</p>`)}</div>`;
}

function mainTable(run: BenchRun): Part {
  const oracle = run.policies[ORACLE]!.all;
  return table(
    [
      "policy",
      "gap closed",
      "mean / default's",
      "p99 / default's",
      "p99 of the longest / default's",
      "mean, ms",
      "p50, ms",
      "p90, ms",
      "p99, ms",
      "mean slowdown",
    ],
    [
      ...run.policy_list.map((entry) => mainRow(run, entry)),
      {
        cells: [
          ORACLE,
          "1",
          ...["mean", "p99", "longest"].map(() => ""),
          ...[oracle.mean_ms, oracle.p50_ms, oracle.p90_ms, oracle.p99_ms, oracle.mean_slowdown].map(
            formatMs,
          ),
        ],
      },
    ],
  );
}

function mainRow(run: BenchRun, { name: policy, figures, not_possible }: PolicyEntry) {
  const marked = policy.startsWith("alps:");
  if (figures === null) {
    return {
      marked,
      cells: [name(policy), not_possible === null ? "nothing measured" : "not possible here"],
    };
  }
  const gap = run.gap_closed[policy];
  const { all } = figures;
  return {
    marked,
    cells: [
      name(policy),
      gap === undefined
        ? ""
        : html`${gap.median.toFixed(2)}${
          run.rounds > 1 ? html`<br><small>${gap.low.toFixed(2)} to ${gap.high.toFixed(2)}</small>` : ""
        }`,
      ...["mean", "p99", "longest_p99"].map((metric) => ratioPart(ratioOf(run, policy, "default", metric))),
      ...[all.mean_ms, all.p50_ms, all.p90_ms, all.p99_ms, all.mean_slowdown].map(formatMs),
    ],
  };
}

function goalsPart(run: BenchRun): Part {
  const found = goalsOf(run);
  if (found === undefined) return "";
  return html`<h3>What is wanted of ${name(found.policy)}</h3>
${
    table(
      ["", "measured", "reached"],
      found.goals.map(({ what, measured, reached }) => ({
        cells: [
          what,
          measured,
          reached === undefined
            ? "cannot tell"
            : html`<span class="${reached ? "good" : "bad"}">${reached ? "yes" : "no"}</span>`,
        ],
      })),
      [0],
    )
  }`;
}

function charts(run: BenchRun): Part {
  const gap = gapChart(run), ranks = ranksChart(run);
  const figure = (svg: string, caption: Part) =>
    html`<figure><figcaption>${caption}</figcaption>${raw(svg)}</figure>`;
  return html`<div class="charts">
${
    gap === undefined
      ? ""
      : figure(gap, "Gap closed: the median over rounds and its interval; what is below −1.5 is drawn there")
  }
${figure(sizesChart(run), "Mean turnaround over the default's: below the line is better")}
${
    figure(
      distributionChart(run, "turnaround"),
      "How many invocations had at most this turnaround: further left is better",
    )
  }
${
    figure(
      distributionChart(run, "slowdown"),
      "How many invocations had at most this slowdown: further left is better",
    )
  }
${
    ranks === undefined
      ? ""
      : figure(ranks.svg, `The order of functions as ${name(ranks.policy)} learned it, in its first round`)
  }
</div>`;
}

function detailTable(run: BenchRun): Part {
  const figure = (value: number | null | undefined, digits = 1) =>
    value === null || value === undefined ? "" : value.toFixed(digits);
  return table(
    [
      "policy",
      "execution p50, ms",
      "p90",
      "p99",
      "slowdown p50",
      "p90",
      "p99",
      "preemptions each",
      "switches each",
      "failed",
      "agent, % of a core",
      "agent, MB",
    ],
    run.policy_list.filter(({ figures }) => figures !== null).map((entry) => {
      const { execution_ms, slowdown, preemptions, all } = entry.figures!;
      return {
        marked: entry.name.startsWith("alps:"),
        cells: [
          name(entry.name),
          ...[execution_ms.p50, execution_ms.p90, execution_ms.p99].map(formatMs),
          ...[slowdown.p50, slowdown.p90, slowdown.p99].map(formatMs),
          figure(preemptions),
          figure(entry.context_switches),
          html`<span class="count ${all.failed > 0 ? "bad" : ""}">${all.failed} of ${all.n}</span>`,
          figure(entry.agent_cpu_percent),
          figure(entry.agent_memory_mb, 0),
        ],
      };
    }),
  );
}

function sizesTable(run: BenchRun): Part {
  const sizes = SIZES.filter((size) => run.functions.some((each) => each.size === size));
  return table(
    ["policy", ...sizes.flatMap((size) => [`${size}: mean, ms`, "/ default's", "p99, ms", "slowdown"])],
    run.policy_list.filter(({ figures }) => figures !== null).map(({ name: policy, figures }) => ({
      marked: policy.startsWith("alps:"),
      cells: [
        name(policy),
        ...sizes.flatMap((size) => {
          const summary = figures!.sizes[size]!;
          return [
            formatMs(summary.mean_ms),
            ratioPart(ratioOf(run, policy, "default", size)),
            formatMs(summary.p99_ms),
            formatMs(summary.mean_slowdown),
          ];
        }),
      ],
    })),
  );
}

function functionsTable(run: BenchRun): Part {
  const reference = run.policies["default"]!;
  return table(
    ["function", "size", "invocations", "CPU time, ms", "default: mean, ms", "oracle: mean, ms"],
    run.functions.map(({ name: each, size, cpu_ms }) => ({
      cells: [
        name(each),
        size,
        String(reference.functions[each]?.n ?? 0),
        formatMs(cpu_ms),
        formatMs(reference.functions[each]?.mean_ms ?? 0),
        formatMs(run.policies[ORACLE]!.functions[each]?.mean_ms ?? 0),
      ],
    })),
    [1],
  );
}
