/** The agent's figures for `/metrics`, from the eBPF maps and the event thread. */

import type { CfsMetrics, FunctionMetrics, HistogramSnapshot, MetricsSnapshot } from "../api/agent_view.ts";
import { cfsState } from "../enforce/cfs_support.ts";
import type { LatencySummary } from "../enforce/latency_log.ts";
import { ALPS_FUNCTION_STATS, ALPS_LIMITS } from "../ffi/layout.ts";
import { bucketUpperNs, type FunctionStats } from "../observe/function_stats.ts";
import type { FunctionTable } from "../observe/functions.ts";
import type { Observer } from "../observe/observer.ts";
import type { EnforcementState } from "./enforcement.ts";
import type { EventThreadReport } from "./messages.ts";

/** Of all histograms: one array, which the page's layout of buckets is remembered by. */
const UPPER_BOUNDS_S: readonly number[] = Array.from(
  { length: ALPS_LIMITS.ALPS_HIST_BUCKETS },
  (_, i) => bucketUpperNs(i) / 1e9,
);

/** Where the figures come from. */
export interface MetricsSources {
  observer: Pick<Observer, "statsOf"> & { readonly shared: Pick<Observer["shared"], "counters"> };
  functions: FunctionTable;
  /** The latest one, undefined before the first. */
  report: EventThreadReport | undefined;
  enforcement: Pick<EnforcementState, "enabled" | "trips">;
  backend: string;
  epoch: number;
  cpuUtilization: number;
  learnSeconds: number;
  unidentified: Record<string, number>;
  /** Reads what the patched kernel has counted; replaced in tests. */
  cfs?: () => CfsMetrics | undefined;
}

/** One snapshot. */
export function agentMetrics(sources: MetricsSources): MetricsSnapshot {
  const { observer, functions, report, unidentified } = sources;
  const shared = observer.shared.counters();
  const counters = report?.counters;
  return {
    functions: { [Symbol.iterator]: () => figuresOf(functions, observer) },
    activeInvocations: shared.active,
    mostActiveInvocations: report?.mostActive ?? 0,
    functionsKnown: functions.size,
    epoch: sources.epoch,
    cpuUtilization: sources.cpuUtilization,
    backend: sources.backend,
    eventsTotal: shared.events,
    eventsLost: {
      ring_full: shared.lostRingFull,
      no_slot: shared.lostNoSlot,
      no_memory: shared.lostNoMemory,
      no_counters: shared.lostNoStats,
    },
    decisionsTotal: counters?.decisions ?? 0,
    promotionsTotal: counters?.promotions ?? 0,
    demotionsTotal: counters?.demotions ?? 0,
    groupPromotionsTotal: counters?.groupPromotions ?? 0,
    groupDemotionsTotal: counters?.groupDemotions ?? 0,
    migrationsTotal: counters?.migrations ?? 0,
    sparedTotal: counters?.spared ?? 0,
    enforcementErrors: { ...counters?.errors },
    enforcementEnabled: sources.enforcement.enabled,
    guardTrips: { ...sources.enforcement.trips },
    scheduler: report?.scheduler,
    cfs: sources.backend === "cfs" ? cfsCounters(sources.cfs ?? cfsState) : undefined,
    longestWaitSeconds: shared.longestWaitNs / 1e9,
    longWaits: { cpu_limit: shared.limitedWaits, other: shared.longWaits },
    unidentified: { ...unidentified },
    learnEpochSeconds: sources.learnSeconds,
    latencies: report
      ? {
        event_to_action: quantiles(report.eventToAction),
        promotion_to_running: quantiles(report.promotionToRunning),
        decision: quantiles(report.decision),
      }
      : {},
  };
}

/** Without what else the kernel shows; undefined where it shows nothing, to a user who may not read it say. */
function cfsCounters(read: () => CfsMetrics | undefined): CfsMetrics | undefined {
  const state = read();
  return state && { swaps: state.swaps, pulls: state.pulls, late: state.late };
}

function* figuresOf(
  functions: FunctionTable,
  observer: MetricsSources["observer"],
): Generator<FunctionMetrics> {
  // One for all: a kilobyte of its own for each of ten thousand would be garbage at once.
  const value = new Uint8Array(ALPS_FUNCTION_STATS.size);
  for (const { id, name } of functions) {
    const stats = observer.statsOf(id, value);
    if (stats) yield functionMetrics(name, stats);
  }
}

function quantiles(summary: LatencySummary): Record<string, number> {
  return {
    "0.5": summary.p50Ns / 1e9,
    "0.99": summary.p99Ns / 1e9,
    "0.999": summary.p999Ns / 1e9,
    "1": summary.maxNs / 1e9,
  };
}

function functionMetrics(name: string, stats: FunctionStats): FunctionMetrics {
  return {
    name,
    invocations: stats.invocations,
    cpuSeconds: stats.cpuNs / 1e9,
    waitSeconds: stats.waitNs / 1e9,
    preemptions: stats.preemptions,
    dispatches: stats.dispatches,
    cpu: histogram(stats.cpuHistogram, stats.cpuNs),
    turnaround: histogram(stats.turnaroundHistogram, stats.turnaroundNs),
  };
}

function histogram(buckets: Uint32Array, sumNs: number): HistogramSnapshot {
  return {
    upperBoundsS: UPPER_BOUNDS_S,
    counts: buckets,
    sumS: sumNs / 1e9,
  };
}
