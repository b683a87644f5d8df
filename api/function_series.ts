/**
 * Which functions have metrics of their own: the busiest by CPU time, up to a limit; the rest is summed as `other`, so
 * that a machine with ten thousand functions does not flood Prometheus.
 */
import { MAX_NAME_BYTES, oneLine } from "../observe/names.ts";
import type { FunctionMetrics } from "./agent_view.ts";
import { addCounts, type BucketLayout, BucketLayouts, type Buckets } from "./metric_histogram.ts";

/** Most functions with series of their own. */
export const MAX_FUNCTION_SERIES = 200;

/** The label of all functions without series of their own. */
export const REST_LABEL = "other";

/** One function's figures, or the rest's, ready to be shown. */
export interface FunctionFigures {
  invocations: number;
  cpuSeconds: number;
  waitSeconds: number;
  preemptions: number;
  dispatches: number;
  cpu: Buckets;
  turnaround: Buckets;
}

/** Figures and the value of their `function` label. */
export interface FunctionSeriesEntry extends FunctionFigures {
  label: string;
}

/**
 * The value of the `function` label for a function's name. `other` is taken, so a function that is really called so
 * appears as `_other`, one called `_other` as `__other`, and so on: no two names share a label. What a terminal could
 * act on, or UTF-8 cannot hold, is escaped: pages are read in terminals, too. Long names are cut.
 */
export function functionLabel(name: string): string {
  const label = oneLine(name, MAX_NAME_BYTES);
  return /^_*other$/.test(label) ? `_${label}` : label;
}

/**
 * Chooses the series at each scrape. The rest is a counter of its own, that grows by what its members grew since the
 * scrape before: summed anew it would shrink whenever a member becomes busy enough for a series of its own, which
 * Prometheus would take for a restart.
 *
 * What is kept of ten thousand functions is written over in place, and figures are plain numbers in a row: made anew at
 * each scrape, they would be the larger part of the agent's memory.
 */
export class FunctionSeries {
  readonly #limit: number;
  readonly #layouts = new BucketLayouts();
  /** Of each function, by its name: its figures at the scrape before. */
  readonly #before = new Map<string, { row: number[]; scrape: number }>();
  #rest: Sum | undefined;
  #scrape = 0;

  constructor(limit = MAX_FUNCTION_SERIES) {
    this.#limit = limit;
  }

  /** The busiest functions, busiest first, and last the rest, if there ever was one. Goes through `functions` twice. */
  update(functions: Iterable<FunctionMetrics>): FunctionSeriesEntry[] {
    // Two functions of one label must not be two series of one name: Prometheus would refuse the whole page.
    const busiest = new Map(busiestLabels(functions, this.#limit).map((label) => [label, emptySum()]));
    const scrape = ++this.#scrape, now: number[] = [];
    for (const one of functions) {
      const cpu = this.#layouts.of(one.cpu.upperBoundsS);
      const turnaround = this.#layouts.of(one.turnaround.upperBoundsS);
      fillRow(now, one, cpu, turnaround);
      const before = this.#before.get(one.name);
      const sum = busiest.get(functionLabel(one.name));
      if (sum) addRow(sum, now, undefined, cpu, turnaround);
      else addRow(this.#rest ??= emptySum(), now, before?.row, cpu, turnaround);
      if (!before) this.#before.set(one.name, { row: now.slice(), scrape });
      else {
        for (let i = 0; i < now.length; i++) before.row[i] = now[i]!;
        before.scrape = scrape;
      }
    }
    for (const [name, before] of this.#before) if (before.scrape !== scrape) this.#before.delete(name);
    const entries = [...busiest].map(([label, sum]) => ({ label, ...figuresOf(sum) }));
    return this.#rest ? [...entries, { label: REST_LABEL, ...figuresOf(this.#rest) }] : entries;
  }
}

/**
 * Places of figures in a row. The counts of both histograms follow: first those of CPU time, then those of turnaround.
 */
const INVOCATIONS = 0,
  CPU_S = 1,
  WAIT_S = 2,
  PREEMPTIONS = 3,
  DISPATCHES = 4,
  CPU_SUM_S = 5,
  TURNAROUND_SUM_S = 6,
  COUNTS = 7;

/** What rows add up to, and what their counts mean. */
interface Sum {
  readonly row: number[];
  cpu: BucketLayout;
  turnaround: BucketLayout;
}

const NO_LAYOUT: BucketLayout = { le: [], target: new Uint16Array() };

function emptySum(): Sum {
  return { row: [], cpu: NO_LAYOUT, turnaround: NO_LAYOUT };
}

/** The labels of the functions that have used most CPU time, in this order. */
function busiestLabels(functions: Iterable<FunctionMetrics>, limit: number): string[] {
  const cpuSeconds = new Map<string, number>();
  for (const one of functions) {
    const label = functionLabel(one.name);
    cpuSeconds.set(label, (cpuSeconds.get(label) ?? 0) + one.cpuSeconds);
  }
  return [...cpuSeconds].sort(([, a], [, b]) => b - a).slice(0, limit).map(([label]) => label);
}

/** Writes a function's figures into a row, whatever was in it. */
function fillRow(row: number[], one: FunctionMetrics, cpu: BucketLayout, turnaround: BucketLayout): void {
  row[INVOCATIONS] = one.invocations;
  row[CPU_S] = one.cpuSeconds;
  row[WAIT_S] = one.waitSeconds;
  row[PREEMPTIONS] = one.preemptions;
  row[DISPATCHES] = one.dispatches;
  row[CPU_SUM_S] = one.cpu.sumS;
  row[TURNAROUND_SUM_S] = one.turnaround.sumS;
  row.length = COUNTS + cpu.le.length + turnaround.le.length;
  row.fill(0, COUNTS);
  addCounts(cpu, one.cpu.counts, row, COUNTS);
  addCounts(turnaround, one.turnaround.counts, row, COUNTS + cpu.le.length);
}

/** Adds what a row has more than `before`. All rows of one sum have equal bounds. */
function addRow(
  sum: Sum,
  now: readonly number[],
  before: readonly number[] | undefined,
  cpu: BucketLayout,
  turnaround: BucketLayout,
): void {
  sum.cpu = cpu;
  sum.turnaround = turnaround;
  for (let i = 0; i < now.length; i++) sum.row[i] = (sum.row[i] ?? 0) + increase(now[i]!, before?.[i]);
}

function figuresOf({ row, cpu, turnaround }: Sum): FunctionFigures {
  const between = COUNTS + cpu.le.length;
  return {
    invocations: row[INVOCATIONS]!,
    cpuSeconds: row[CPU_S]!,
    waitSeconds: row[WAIT_S]!,
    preemptions: row[PREEMPTIONS]!,
    dispatches: row[DISPATCHES]!,
    cpu: { layout: cpu, counts: row.slice(COUNTS, between), sumS: row[CPU_SUM_S]! },
    turnaround: { layout: turnaround, counts: row.slice(between), sumS: row[TURNAROUND_SUM_S]! },
  };
}

/** How much a counter grew; one that shrank began anew. */
export function increase(now: number, before: number | undefined): number {
  return before === undefined || now < before ? now : now - before;
}
