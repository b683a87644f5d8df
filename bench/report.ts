/**
 * Figures as tables for people.
 */
import Table from "cli-table3";
import { shown } from "../observe/names.ts";
import { type Comparison, DEFAULT } from "./compare.ts";
import type { Interval, PolicyResult, Run, Summary } from "./results.ts";

/** From this width on there is room for whole words and more space between columns. */
const ROOMY_COLUMNS = 100;

/** Names are cut for a narrow terminal, but to no fewer characters. */
const NAME_LEAST = 12;

/** No lines but spaces between columns: a table that fits 80 columns and can be cut into fields. */
const BORDERLESS = {
  ...{ "top": "", "top-mid": "", "top-left": "", "top-right": "", "bottom": "", "bottom-mid": "" },
  ...{ "bottom-left": "", "bottom-right": "", "left": "", "left-mid": "", "mid": "", "mid-mid": "" },
  ...{ "right": "", "right-mid": "", "middle": "" },
};

/** Milliseconds in as few characters as tell them apart: `5.3`, `87`, `1204`. */
export function formatMs(ms: number): string {
  return ms < 9.95 ? ms.toFixed(1) : ms.toFixed(0);
}

/** A ratio or a share with two decimals; `-` where there is none. */
export function formatRatio(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? "-" : value.toFixed(2);
}

/** A median, and after several rounds its interval: `0.94 (0.91 to 0.96)`. */
export function formatInterval(interval: Interval | undefined, rounds: number): string {
  if (interval === undefined) return "-";
  const { median, low, high } = interval;
  return rounds === 1
    ? formatRatio(median)
    : `${formatRatio(median)} (${formatRatio(low)} to ${formatRatio(high)})`;
}

/** What a comparison's table shows. */
export interface ComparisonTable {
  readonly comparison: Comparison;
  /** The policy that is compared with the default, and a heading for its columns. */
  readonly policy: string;
  readonly heading: string;
  /** Width of the terminal. */
  readonly columns: number;
}

/** One row per function, the shortest first, and one of all: turnaround of the default and of a policy. */
export function comparisonTable({ comparison, policy, heading, columns }: ComparisonTable): string {
  const { policies, cpuMs } = comparison;
  const before = policies[DEFAULT]!, after = policies[policy]!;
  const names = Object.keys(before.functions).sort((a, b) => (cpuMs.get(a) ?? 0) - (cpuMs.get(b) ?? 0));
  const title = (content: string) => ({ content, colSpan: 2, hAlign: "right" as const });
  const pairs = (first: string, second: string) => Array.from({ length: 4 }, () => [first, second]).flat();
  const row = (name: string, cpu: string, a: Summary, b: Summary): string[] => [
    name,
    String(a.n),
    cpu,
    ...[a.mean_ms, b.mean_ms, a.p50_ms, b.p50_ms, a.p99_ms, b.p99_ms].map(formatMs),
    ...[a.mean_slowdown, b.mean_slowdown].map(formatMs),
    formatRatio(b.mean_ms / a.mean_ms),
  ];
  return fitted(names, columns, (nameMost) => [
    ["", "", "CPU", title("mean ms"), title("p50 ms"), title("p99 ms"), title("slowdown"), "mean"],
    ["function", "n", "ms", ...pairs(columns < ROOMY_COLUMNS ? "def." : "default", heading), "ratio"],
    ...names.map((name) =>
      row(
        cut(name, nameMost),
        formatMs(cpuMs.get(name) ?? 0),
        before.functions[name]!,
        after.functions[name]!,
      )
    ),
    row("all", "", before.all, after.all),
  ]);
}

/** One row per function and one of all, of a single run. `oracle`: the bound, where CPU times were recorded. */
export function runTable(run: PolicyResult, oracle: PolicyResult | undefined, columns: number): string {
  const names = Object.keys(run.functions).sort((a, b) =>
    run.functions[a]!.mean_ms - run.functions[b]!.mean_ms
  );
  const row = (name: string, figures: Summary, bound: Summary | undefined): string[] => [
    name,
    String(figures.n),
    String(figures.failed),
    ...[figures.mean_ms, figures.p50_ms, figures.p90_ms, figures.p99_ms].map(formatMs),
    figures.mean_slowdown === 0 ? "-" : formatMs(figures.mean_slowdown),
    ...(bound === undefined ? [] : [formatMs(bound.mean_ms)]),
  ];
  return fitted(names, columns, (nameMost) => [
    ["", "", "", "mean", "p50", "p90", "p99", "", ...(oracle === undefined ? [] : ["oracle"])],
    [
      "function",
      "n",
      "failed",
      "ms",
      "ms",
      "ms",
      "ms",
      "slowdown",
      ...(oracle === undefined ? [] : ["mean ms"]),
    ],
    ...names.map((name) => row(cut(name, nameMost), run.functions[name]!, oracle?.functions[name])),
    row("all", run.all, oracle?.all),
  ]);
}

/** One row per policy of a simulated run, of all invocations together. */
export function policyTable(
  run: Run,
  policies: readonly string[],
  switches: Readonly<Record<string, number>>,
  columns: number,
): string {
  return fitted(policies, columns, (nameMost) => [
    ["", "mean", "p50", "p90", "p99", "", "execution", "switches", "gap"],
    ["policy", "ms", "ms", "ms", "ms", "slowdown", "mean ms", "each", "closed"],
    ...policies.map((name) => {
      const { n, mean_ms, p50_ms, p90_ms, p99_ms, mean_slowdown, mean_execution_ms } =
        run.policies[name]!.all;
      return [
        cut(name, nameMost),
        ...[mean_ms, p50_ms, p90_ms, p99_ms].map(formatMs),
        mean_slowdown === 0 ? "-" : formatMs(mean_slowdown),
        formatMs(mean_execution_ms),
        formatRatio(switches[name]! / n),
        formatRatio(run.gap_closed[name]?.median),
      ];
    }),
  ]);
}

type Cell = string | { content: string; colSpan: number; hAlign: "right" };

/** A table with names as long as the width allows. */
function fitted(names: readonly string[], columns: number, rows: (nameMost: number) => Cell[][]): string {
  const longest = Math.max(0, ...names.map((name) => shown(name).length));
  const gap = columns < ROOMY_COLUMNS ? 1 : 2;
  const whole = borderless(rows(longest), gap);
  const width = Math.max(...whole.split("\n").map((line) => line.length));
  return width <= columns ? whole : borderless(rows(Math.max(NAME_LEAST, longest - (width - columns))), gap);
}

/**
 * Rows as text: the first column to the left, the others to the right.
 *
 * @param rows equally many columns in each, and at most 13
 * @param gap spaces between columns
 */
export function borderless(rows: readonly (readonly Cell[])[], gap: number): string {
  const table = new Table({
    chars: BORDERLESS,
    style: { "head": [], "border": [], "padding-left": gap, "padding-right": 0, "compact": true },
    colAligns: ["left", ...Array.from({ length: 12 }, () => "right" as const)],
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString().split("\n").map((line) => line.slice(gap).trimEnd()).join("\n");
}

/** A name for a table: on one line, without what could act on a terminal, and not too long. */
function cut(name: string, most: number): string {
  const text = shown(name);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
