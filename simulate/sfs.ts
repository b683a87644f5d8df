import { FairShare } from "./fair_share.ts";
import { MinHeap } from "./heap.ts";
import type { Outcome, Settings } from "./outcome.ts";
import type { Workload } from "./workload.ts";

/** Inter-arrival times that the slice follows: as in the paper. */
const WINDOW = 100;

/** Slices that an invocation may have waited before it is not filtered any more: as in the paper. */
const OVERLOAD_FACTOR = 3;

/** The slice before there is an inter-arrival time, in nanoseconds. Ours: it matters to the first invocation alone. */
const FIRST_SLICE_NS = 100e6;

/** Least slice, in nanoseconds. Ours: where many arrive at once their mean distance, and so the slice, would be 0. */
const LEAST_SLICE_NS = 1e6;

/**
 * SFS, from "SFS: Smart OS Scheduling for Serverless Functions" (Fu, Liu, Wang, Cheng, Chen; SC '22): short invocations
 * are filtered out by running everything first come, first served for one slice; what is not done by then goes on in
 * the background, fairly.
 *
 * Taken from the paper: one queue for all cores; a slice of cores × mean inter-arrival time of the last 100
 * invocations; who has waited for more than 3 slices when its turn comes goes to the background at once, unfiltered; the
 * background (CFS there, ideal sharing here) has the cores that filtered invocations (`SCHED_FIFO` there) leave. Not
 * taken: its polling for invocations that sleep, as no simulated one does, and the delay of its user-space part. The
 * slice follows each arrival. Costs O(jobs · log jobs).
 */
export function simulateSfs({ arrivalNs, cpuNs }: Workload, settings: Settings): Outcome {
  const { cores, minRunNs, switchCostNs } = settings;
  const count = arrivalNs.length;
  const completionNs = new Float64Array(count), firstRunNs = new Float64Array(count).fill(-1);
  const remainingNs = cpuNs.slice();
  const filtered = new MinHeap(cores);
  const background = new FairShare(cores);
  /** Those that went to the background unfiltered and have not had a core yet. */
  let unstarted: number[] = [];
  // All that have arrived and have not had their turn are a stretch of the list.
  let arrived = 0, next = 0, switches = 0;

  function sliceNs(): number {
    const last = arrived - 1, first = Math.max(0, last - WINDOW);
    const meanNs = last > 0
      ? (arrivalNs[last]! - arrivalNs[first]!) / (last - first)
      : FIRST_SLICE_NS / cores;
    return Math.max(LEAST_SLICE_NS, minRunNs, cores * meanNs);
  }

  while (arrived < count || filtered.size + background.size > 0) {
    const fairEndNs = background.nextCompletionNs();
    const nowNs = Math.min(arrived < count ? arrivalNs[arrived]! : Infinity, filtered.topKey(), fairEndNs);
    background.advance(nowNs);
    if (fairEndNs <= nowNs) completionNs[background.complete()] = nowNs;
    while (filtered.topKey() <= nowNs) {
      const job = filtered.pop();
      if (remainingNs[job]! > 0) background.add(job, remainingNs[job]!);
      else completionNs[job] = nowNs;
    }
    while (arrived < count && arrivalNs[arrived]! <= nowNs) arrived++;
    while (filtered.size < cores && next < arrived) {
      const job = next++, slice = sliceNs();
      if (nowNs - arrivalNs[job]! > OVERLOAD_FACTOR * slice) {
        background.add(job, remainingNs[job]!);
        unstarted.push(job);
        continue;
      }
      const runNs = Math.min(remainingNs[job]!, slice);
      firstRunNs[job] = nowNs;
      remainingNs[job]! -= runNs;
      switches++;
      filtered.push(job, nowNs + switchCostNs + runNs);
    }
    background.setCores(cores - filtered.size);
    if (unstarted.length > 0 && filtered.size < cores) {
      for (const job of unstarted) firstRunNs[job] = nowNs;
      unstarted = [];
    }
  }
  return { completionNs, firstRunNs, switches };
}
