/** What a metric is, and the kinds of them that there are. */
import { MAX_NAME_BYTES, oneLine } from "../observe/names.ts";
import type { MetricsSnapshot } from "./agent_view.ts";
import type { FunctionFigures, FunctionSeriesEntry } from "./function_series.ts";
import { type Buckets, cumulative } from "./metric_histogram.ts";

/** What the agent process itself uses. */
export interface ProcessFigures {
  /** User and system time of all its threads, in seconds. */
  cpuSeconds: number;
  /** Resident memory. */
  memoryBytes: number;
}

/** What a metric may take its values from. */
export interface MetricSource {
  snapshot: MetricsSnapshot;
  functions: FunctionSeriesEntry[];
  process: ProcessFigures;
  version: string;
}

/** One value of a metric. */
export interface MetricSample {
  labels: Record<string, string>;
  value: number;
  /** Of a histogram: what comes after the metric's name. */
  suffix?: "_bucket" | "_sum" | "_count";
}

/** One metric: what it is called, what it says, and where its values come from. */
export interface MetricDefinition {
  name: string;
  type: "counter" | "gauge" | "histogram";
  help: string;
  labels: string[];
  take: (source: MetricSource) => MetricSample[];
}

/** A metric of one value. */
export function single(
  type: "counter" | "gauge",
  name: string,
  help: string,
  value: (source: MetricSource) => number,
): MetricDefinition {
  return { name, type, help, labels: [], take: (source) => [{ labels: {}, value: value(source) }] };
}

/** A counter with a label that says why. */
export function byReason(
  name: string,
  help: string,
  counts: (snapshot: MetricsSnapshot) => Record<string, number>,
): MetricDefinition {
  const take = ({ snapshot }: MetricSource) =>
    Object.entries(counts(snapshot)).map(([reason, value]) => ({ labels: { reason: label(reason) }, value }));
  return { name, type: "counter", help: `${help} By reason.`, labels: ["reason"], take };
}

/** A counter per function. */
export function ofFunction(
  type: "counter",
  name: string,
  help: string,
  key: Exclude<keyof FunctionFigures, "cpu" | "turnaround">,
): MetricDefinition {
  const take = ({ functions }: MetricSource) =>
    functions.map((one) => ({ labels: { function: one.label }, value: one[key] }));
  return { name, type, help, labels: ["function"], take };
}

/** A histogram per function. */
export function histogram(name: string, help: string, key: "cpu" | "turnaround"): MetricDefinition {
  const take = ({ functions }: MetricSource) =>
    functions.flatMap((one) => histogramSamples(one.label, one[key]));
  return { name, type: "histogram", help, labels: ["function"], take };
}

function histogramSamples(functionLabel: string, buckets: Buckets): MetricSample[] {
  const labels = { function: functionLabel };
  const series = cumulative(buckets);
  return [
    ...series.map(({ le, count }): MetricSample => ({
      labels: { ...labels, le },
      value: count,
      suffix: "_bucket",
    })),
    { labels, value: buckets.sumS, suffix: "_sum" },
    { labels, value: series.at(-1)?.count ?? 0, suffix: "_count" },
  ];
}

/** A label's value without what a terminal could act on; the library escapes quotes and backslashes. */
export function label(value: string): string {
  return oneLine(value, MAX_NAME_BYTES);
}
