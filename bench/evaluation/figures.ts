/**
 * The figures of one run, with what only the evaluation shows: sizes apart, distributions of execution time and slowdown.
 */
import { percentile } from "../../simulate/percentile.ts";
import type { Summary } from "../results.ts";
import { type Measured, summarize } from "../summary.ts";

/** Functions by their CPU time: each a third of them. */
export const SIZES = ["short", "middle", "long"] as const;
export type Size = typeof SIZES[number];

/** Quantiles; times in milliseconds. */
export interface Quantiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** Figures of one run, or medians of several. */
export interface Figures {
  readonly all: Summary;
  readonly execution_ms: Quantiles;
  readonly slowdown: Quantiles;
  /** By function size; a size that no function has is not there. */
  readonly sizes: Partial<Record<Size, Summary>>;
  /** Of the function with the most CPU time. */
  readonly longest_p99_ms: number;
  /** Of an invocation; undefined where the record does not say. */
  readonly preemptions: number | null;
}

/** Which function is how large, by mean CPU time: the smallest third of the functions is short. */
export function sizesOf(cpuMs: ReadonlyMap<string, number>): Map<string, Size> {
  const order = [...cpuMs].sort(([, a], [, b]) => a - b).map(([name]) => name);
  return new Map(
    order.map((name, index) => [name, SIZES[Math.min(2, Math.floor((3 * index) / order.length))]!]),
  );
}

/** The figures of a run. */
export function figuresOf(
  rows: readonly Measured[],
  sizes: ReadonlyMap<string, Size>,
  longest: string,
): Figures {
  const done = rows.filter((row) => !row.failed);
  const bySize = Map.groupBy(rows, (row) => sizes.get(row.function));
  const preempted = done.flatMap(({ preemptions }) => preemptions ?? []);
  return {
    all: summarize(rows),
    execution_ms: quantiles(done.map((row) => row.executionMs)),
    slowdown: quantiles(done.filter((row) => row.cpuMs > 0).map(slowdownOf)),
    sizes: Object.fromEntries(
      SIZES.filter((size) => bySize.has(size)).map((size) => [size, summarize(bySize.get(size)!)]),
    ),
    longest_p99_ms: summarize(rows.filter((row) => row.function === longest)).p99_ms,
    preemptions: preempted.length === 0
      ? null
      : preempted.reduce((sum, each) => sum + each, 0) / preempted.length,
  };
}

/** Turnaround over CPU time. */
export function slowdownOf({ dueMs, endMs, cpuMs }: Measured): number {
  return (endMs - dueMs) / cpuMs;
}

function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted.length === 0 ? 0 : percentile(sorted, share);
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

/** A figure that policies are compared by; less is better. */
export interface Metric {
  readonly key: string;
  readonly label: string;
  of(figures: Figures): number;
}

/** All that policies are compared by, the most important first. */
export const METRICS: readonly Metric[] = [
  { key: "mean", label: "mean turnaround", of: ({ all }) => all.mean_ms },
  { key: "p50", label: "p50 turnaround", of: ({ all }) => all.p50_ms },
  { key: "p99", label: "p99 turnaround", of: ({ all }) => all.p99_ms },
  { key: "slowdown", label: "mean slowdown", of: ({ all }) => all.mean_slowdown },
  { key: "execution", label: "mean execution time", of: ({ all }) => all.mean_execution_ms },
  ...SIZES.map((size): Metric => ({
    key: size,
    label: `mean turnaround, ${size} functions`,
    of: ({ sizes }) => sizes[size]?.mean_ms ?? NaN,
  })),
  { key: "longest_p99", label: "p99 of the longest function", of: ({ longest_p99_ms: ms }) => ms },
];
