import { FairShare } from "./fair_share.ts";
import { MinHeap } from "./heap.ts";
import type { Outcome, Settings } from "./outcome.ts";
import type { Workload } from "./workload.ts";

/** Arrivals after which the slice is set anew, by their mean distance. */
const WINDOW = 200;

/** Slices that an invocation may have waited before it is not filtered any more. */
const OVERLOAD_FACTOR = 3;

/** What the slice is derived from before there are enough arrivals, in nanoseconds. */
const FIRST_SLICE_NS = 20e6;

/** Least slice, in nanoseconds. */
const LEAST_SLICE_NS = 6e6;

/**
 * SFS, from "SFS: Smart OS Scheduling for Serverless Functions" (Fu, Liu, Wang, Cheng, Chen; SC '22): short invocations
 * are filtered out by running everything first come, first served for one slice; what is not done by then goes on in
 * the background, fairly.
 *
 * Taken from it, with the numbers of the authors' program (github.com/ds2-lab/SFS, `SFS-standalone/sfs.go`): one queue
 * for all cores; a slice of cores × mean inter-arrival time, set anew each 200 arrivals, 20 ms before that and never less
 * than 6 ms, which an invocation gets when it arrives; who has waited for more than 3 slices when its turn comes goes to
 * the background at once, unfiltered; the background (CFS there, ideal sharing here) has the cores that filtered
 * invocations (`SCHED_FIFO` there) leave. Not taken: its polling for invocations that sleep, as no simulated one does,
 * and the delays of a program in user space that polls each millisecond. Costs O(jobs · log jobs).
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

  const sliceNs = new Float64Array(count);
  let usualSliceNs = FIRST_SLICE_NS;

  function arrive(job: number): void {
    if ((job + 1) % WINDOW === 0) {
      const first = Math.max(0, job - WINDOW);
      usualSliceNs = cores * (arrivalNs[job]! - arrivalNs[first]!) / (job - first);
    }
    sliceNs[job] = Math.max(LEAST_SLICE_NS, minRunNs, usualSliceNs);
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
    while (arrived < count && arrivalNs[arrived]! <= nowNs) arrive(arrived++);
    while (filtered.size < cores && next < arrived) {
      const job = next++;
      if (nowNs - arrivalNs[job]! > OVERLOAD_FACTOR * usualSliceNs) {
        background.add(job, remainingNs[job]!);
        unstarted.push(job);
        continue;
      }
      const runNs = Math.min(remainingNs[job]!, sliceNs[job]!);
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
