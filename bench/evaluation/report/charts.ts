/** The charts of one condition. */
import type { CustomSeriesOption } from "echarts/charts";
import { shown } from "../../../observe/names.ts";
import type { BenchRun, RunEntry } from "../document.ts";
import { SIZES } from "../figures.ts";
import { ratioOf } from "../ratios.ts";
import { axis, draw, legend, legendHeight } from "./chart.ts";
import { colourAt, coloursOf } from "./colours.ts";

/** Points of a line: more cannot be told apart. */
const POINTS = 160;

/** Names for a chart are cut to this length. */
const NAME_MOST = 24;

/** Policies that were measured, in order. */
function measuredPolicies(run: BenchRun): string[] {
  return run.policy_list.filter(({ figures }) => figures !== null).map(({ name }) => name);
}

/** All usable runs of a policy; all of its runs where none is usable. */
function runsOf(run: BenchRun, policy: string): RunEntry[] {
  const all = run.by_round.flatMap(({ runs }) => runs.filter((each) => each.policy === policy));
  const usable = all.filter(({ unusable }) => unusable.length === 0);
  return usable.length > 0 ? usable : all;
}

/** Shares of invocations by turnaround or slowdown, a line per policy, over all of its rounds. */
export function distributionChart(run: BenchRun, what: "turnaround" | "slowdown"): string {
  const names = measuredPolicies(run);
  const colours = coloursOf(names);
  const top = legendHeight(names);
  const name = what === "turnaround" ? "turnaround, ms" : "slowdown: turnaround / CPU time";
  return draw(
    {
      legend: legend(names),
      grid: { left: 56, right: 20, top: top + 12, bottom: 48 },
      xAxis: axis(name, { type: "log", ...(what === "slowdown" ? { min: 1 } : {}) }),
      yAxis: axis("invocations, %", { type: "value", min: 0, max: 100, nameGap: 36 }),
      series: names.map((policy) => ({
        type: "line",
        name: policy,
        step: "end",
        showSymbol: false,
        color: colours.get(policy),
        lineStyle: { width: policy.startsWith("alps:") ? 2.5 : 1.5 },
        data: cumulative(runsOf(run, policy).flatMap((each) => valuesOf(each, what))),
      })),
    },
    260 + top,
    `distribution of ${what} by policy`,
  );
}

function valuesOf({ invocations }: RunEntry, what: "turnaround" | "slowdown"): number[] {
  const { turnaround_ms, cpu_ms, failed } = invocations;
  return turnaround_ms.flatMap((ms, index) => {
    if (failed[index]) return [];
    if (what === "turnaround") return [Math.max(ms, 0.01)];
    return cpu_ms[index]! > 0 ? [Math.max(ms / cpu_ms[index]!, 1)] : [];
  });
}

/** Points `[value, percent of values that are at most this]`. */
function cumulative(values: readonly number[]): [number, number][] {
  const sorted = values.toSorted((a, b) => a - b);
  const steps = Math.min(sorted.length, POINTS);
  const points = Array.from({ length: steps }, (_, step): [number, number] => {
    const upTo = Math.ceil((step + 1) * sorted.length / steps);
    return [sorted[upTo - 1]!, 100 * upTo / sorted.length];
  });
  return sorted.length === 0 ? [] : [[sorted[0]!, 0], ...points];
}

/** Gap closed, a bar of the interval and a point of the median per policy. */
export function gapChart(run: BenchRun): string | undefined {
  const names = measuredPolicies(run).filter((name) => run.gap_closed[name] !== undefined);
  if (names.length === 0) return undefined;
  const colours = coloursOf(measuredPolicies(run));
  const bounds = names.map((name) => run.gap_closed[name]!);
  const least = Math.min(0, ...bounds.map(({ low }) => low));
  return draw(
    {
      grid: { left: Math.max(...names.map((name) => 7 * name.length)) + 16, right: 52, top: 12, bottom: 48 },
      xAxis: axis("gap closed: 0 the default, 1 the oracle", {
        type: "value",
        // One policy that is many times worse must not squeeze the others into a corner.
        min: Math.max(-1.5, Math.floor(least * 10) / 10),
        max: 1,
      }),
      yAxis: axis("", { type: "category", inverse: true, data: names, splitLine: { show: false } }),
      series: [{
        type: "custom",
        data: names.map((name, index) => {
          const { low, median, high } = run.gap_closed[name]!;
          return [index, low, median, high];
        }),
        renderItem: ((_params, api) => {
          const index = api.value(0) as number;
          const at = (value: number) => api.coord([Math.max(-1.5, value), index]);
          const [left, y] = at(api.value(1) as number), [middle] = at(api.value(2) as number);
          const [right] = at(api.value(3) as number);
          const fill = colours.get(names[index]!)!;
          return {
            type: "group",
            children: [
              {
                type: "rect",
                shape: { x: left!, y: y! - 4, width: Math.max(1, right! - left!), height: 8, r: 4 },
                style: { fill, opacity: 0.35 },
              },
              { type: "circle", shape: { cx: middle!, cy: y!, r: 5.5 }, style: { fill } },
              {
                type: "text",
                style: {
                  x: api.coord([1, index])[0]! + 8,
                  y: y!,
                  text: (api.value(2) as number).toFixed(2),
                  fill: "var(--ink)",
                  fontSize: 12,
                  verticalAlign: "middle",
                },
              },
            ],
          };
        }) satisfies CustomSeriesOption["renderItem"],
      }],
    },
    80 + 30 * names.length,
    "gap closed by policy, with intervals",
  );
}

/** Mean turnaround over the default's, by size of the functions. */
export function sizesChart(run: BenchRun): string {
  const names = measuredPolicies(run).filter((name) => name !== "default");
  const colours = coloursOf(measuredPolicies(run));
  const sizes = SIZES.filter((size) => run.functions.some((each) => each.size === size));
  const top = legendHeight(names);
  return draw(
    {
      legend: legend(names),
      grid: { left: 56, right: 20, top: top + 12, bottom: 48 },
      xAxis: axis("functions by their CPU time, a third of them each", {
        type: "category",
        data: [...sizes],
      }),
      yAxis: axis("mean turnaround / the default's", { type: "log", nameGap: 40 }),
      series: names.map((name) => ({
        type: "bar",
        name,
        color: colours.get(name),
        barGap: "10%",
        // On a logarithmic axis bars begin at 1: what is above is worse than the default.
        data: sizes.map((size) => ratioOf(run, name, "default", size)?.median ?? null),
        ...(name === names[0]
          ? {
            markLine: {
              symbol: "none",
              silent: true,
              label: { show: false },
              lineStyle: { color: "var(--ink)", type: "solid", width: 1 },
              data: [{ yAxis: 1 }],
            },
          }
          : {}),
      })),
    },
    250 + top,
    "mean turnaround over the default's, by size of the functions",
  );
}

/** The order of functions as the first agent that learned had it in its first round; undefined where none told. */
export function ranksChart(run: BenchRun): { svg: string; policy: string } | undefined {
  const found = run.by_round.flatMap(({ runs }) => runs).find(({ ranks }) => ranks.length > 1);
  if (found === undefined) return undefined;
  const { ranks, policy } = found;
  const names = run.functions.map(({ name }) => name).filter((name) =>
    ranks.some(({ priorities }) => priorities[name] !== undefined)
  ).slice(0, 12);
  const cut = (name: string) =>
    shown(name).length > NAME_MOST ? `${shown(name).slice(0, NAME_MOST - 1)}…` : shown(name);
  const top = legendHeight(names.map(cut));
  const svg = draw(
    {
      legend: legend(names.map(cut)),
      grid: { left: 56, right: 20, top: top + 12, bottom: 48 },
      xAxis: axis("seconds since the first request", { type: "value" }),
      yAxis: axis("priority, 1 runs first", {
        type: "value",
        inverse: true,
        min: 1,
        minInterval: 1,
        nameGap: 32,
      }),
      series: names.map((name, index) => ({
        type: "line",
        name: cut(name),
        step: "end",
        showSymbol: false,
        color: colourAt(index),
        data: ranks.flatMap(({ s, priorities }) =>
          priorities[name] === undefined ? [] : [[s, priorities[name]]]
        ),
      })),
    },
    250 + top,
    `priorities as ${policy} learned them over time`,
  );
  return { svg, policy };
}
