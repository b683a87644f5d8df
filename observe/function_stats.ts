/** A function's counters, as the eBPF programs keep them (`struct alps_function_stats` of bpf/alps.h). */

import { ALPS_FUNCTION_STATS, ALPS_LIMITS } from "../ffi/layout.ts";

/** Counters of one function, from the eBPF map. Histograms: see {@link bucketUpperNs}. */
export interface FunctionStats {
  invocations: number;
  cpuNs: number;
  waitNs: number;
  turnaroundNs: number;
  preemptions: number;
  /** How often one of its tasks was given a CPU; counted by the scheduler in the kernel, where that is the backend. */
  dispatches: number;
  cpuHistogram: Uint32Array;
  turnaroundHistogram: Uint32Array;
}

/** Upper bound of a histogram's bucket, in nanoseconds; the last one holds everything above it, too. */
export function bucketUpperNs(bucket: number): number {
  const log2 = ALPS_LIMITS.ALPS_HIST_FIRST_LOG2 + Math.floor(bucket / 4);
  return 2 ** log2 * (1 + ((bucket % 4) + 1) / 4);
}

/** Reads them; the histograms are the bytes' own, not a copy. */
export function decodeStats(value: Uint8Array<ArrayBuffer>): FunctionStats {
  const view = new DataView(value.buffer);
  const u64 = (offset: number) => Number(view.getBigUint64(offset, true));
  const histogram = (offset: number) => new Uint32Array(value.buffer, offset, ALPS_LIMITS.ALPS_HIST_BUCKETS);
  return {
    invocations: u64(ALPS_FUNCTION_STATS.invocations),
    cpuNs: u64(ALPS_FUNCTION_STATS.cpu_ns),
    waitNs: u64(ALPS_FUNCTION_STATS.wait_ns),
    turnaroundNs: u64(ALPS_FUNCTION_STATS.turnaround_ns),
    preemptions: u64(ALPS_FUNCTION_STATS.preemptions),
    dispatches: u64(ALPS_FUNCTION_STATS.dispatches),
    cpuHistogram: histogram(ALPS_FUNCTION_STATS.cpu_hist),
    turnaroundHistogram: histogram(ALPS_FUNCTION_STATS.turnaround_hist),
  };
}
