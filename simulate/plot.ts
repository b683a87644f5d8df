/**
 * Distributions as a picture: cumulative shares of turnaround and slowdown, one line per policy.
 */
import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

/** What is drawn of one policy. */
export interface PolicyDistributions {
  readonly policy: string;
  /** Of each invocation, in milliseconds, at least 0; in any order. */
  readonly turnaroundMs: Float64Array;
  /** Turnaround over CPU time of each invocation that used any, at least 1; in any order. */
  readonly slowdown: Float64Array;
}

/** Points of a line: more cannot be told apart. */
const POINTS = 250;

/** The axes are logarithmic: what takes less, in milliseconds, is drawn here. */
const LEAST_MS = 0.001;

const WIDTH = 1000, HEIGHT = 480;

/**
 * Draws cumulative distributions: how many percent of the invocations have at most this turnaround (left) and at most
 * this slowdown (right), on logarithmic scales.
 *
 * @param title what was simulated, in a line
 * @returns an SVG document
 */
export function drawDistributions(title: string, distributions: readonly PolicyDistributions[]): string {
  echarts.use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT });
  try {
    const axis = (gridIndex: number) => ({ gridIndex, nameLocation: "middle" as const, nameGap: 32 });
    const line = (grid: number, name: string, values: Float64Array, least: number) => ({
      type: "line" as const,
      name,
      xAxisIndex: grid,
      yAxisIndex: grid,
      step: "end" as const,
      showSymbol: false,
      data: cumulative(values, least),
    });
    chart.setOption({
      animation: false,
      backgroundColor: "#fff",
      title: { text: title, left: "center", textStyle: { fontSize: 14 } },
      legend: { top: 28 },
      grid: [{ left: 60, right: "54%", top: 70, bottom: 55 }, {
        left: "54%",
        right: 30,
        top: 70,
        bottom: 55,
      }],
      xAxis: [
        { type: "log", name: "turnaround, ms", ...axis(0) },
        { type: "log", name: "slowdown (turnaround / CPU time)", ...axis(1) },
      ],
      yAxis: [
        { type: "value", name: "invocations, %", min: 0, max: 100, ...axis(0) },
        { type: "value", min: 0, max: 100, ...axis(1) },
      ],
      series: distributions.flatMap(({ policy, turnaroundMs, slowdown }) => [
        line(0, policy, turnaroundMs, LEAST_MS),
        line(1, policy, slowdown, 1),
      ]),
    });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

/** Points `[value, percent of values that are at most this]`, from 0 percent on. */
function cumulative(values: Float64Array, least: number): [number, number][] {
  const sorted = values.toSorted();
  const count = sorted.length;
  if (count === 0) return [];
  const steps = Math.min(count, POINTS);
  const at = (index: number) => Math.max(least, sorted[index]!);
  const points: [number, number][] = [[at(0), 0]];
  for (let step = 1; step <= steps; step++) {
    const upTo = Math.ceil(step * count / steps);
    points.push([at(upTo - 1), 100 * upTo / count]);
  }
  return points;
}
