/**
 * Which functions have metrics of their own: the busiest by CPU time, up to a limit; the rest is summed as `other`, so
 * that a machine with ten thousand functions does not flood Prometheus.
 */
import { MAX_NAME_BYTES, oneLine } from "../observe/names.ts";
import type { FunctionMetrics } from "./agent_view.ts";
import { addIncrease, type Buckets, Coarsener, emptyLike, increase } from "./metric_histogram.ts";

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
 */
export class FunctionSeries {
  readonly #limit: number;
  readonly #coarsener = new Coarsener();
  #before = new Map<string, FunctionFigures>();
  #rest: FunctionFigures | undefined;

  constructor(limit = MAX_FUNCTION_SERIES) {
    this.#limit = limit;
  }

  /** The busiest functions, busiest first, and last the rest, if there ever was one. */
  update(functions: Iterable<FunctionMetrics>): FunctionSeriesEntry[] {
    const now = new Map<string, FunctionFigures>();
    for (const one of functions) {
      const label = functionLabel(one.name);
      // Two functions of one name must not be two series of one name: Prometheus would refuse the whole page.
      const sum = now.get(label);
      const figures = this.#figures(one);
      if (sum) addFigures(sum, figures, undefined);
      else now.set(label, figures);
    }
    const byCpu = [...now].sort(([, a], [, b]) => b.cpuSeconds - a.cpuSeconds);
    for (const [label, figures] of byCpu.slice(this.#limit)) {
      this.#rest ??= zeroLike(figures);
      addFigures(this.#rest, figures, this.#before.get(label));
    }
    this.#before = now;
    const entries = byCpu.slice(0, this.#limit).map(([label, figures]) => ({ label, ...figures }));
    return this.#rest ? [...entries, { label: REST_LABEL, ...this.#rest }] : entries;
  }

  #figures(
    { invocations, cpuSeconds, waitSeconds, preemptions, cpu, turnaround }: FunctionMetrics,
  ): FunctionFigures {
    return {
      invocations,
      cpuSeconds,
      waitSeconds,
      preemptions,
      cpu: this.#coarsener.coarsen(cpu),
      turnaround: this.#coarsener.coarsen(turnaround),
    };
  }
}

function zeroLike({ cpu, turnaround }: FunctionFigures): FunctionFigures {
  return {
    invocations: 0,
    cpuSeconds: 0,
    waitSeconds: 0,
    preemptions: 0,
    cpu: emptyLike(cpu),
    turnaround: emptyLike(turnaround),
  };
}

function addFigures(total: FunctionFigures, now: FunctionFigures, before: FunctionFigures | undefined): void {
  for (const key of ["invocations", "cpuSeconds", "waitSeconds", "preemptions"] as const) {
    total[key] += increase(now[key], before?.[key]);
  }
  addIncrease(total.cpu, now.cpu, before?.cpu);
  addIncrease(total.turnaround, now.turnaround, before?.turnaround);
}
