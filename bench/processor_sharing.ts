/**
 * Processor sharing, simulated: what a perfectly fair scheduler would do.
 */
import { IndexedHeap } from "../learn/heap.ts";
import type { SrptJob } from "../learn/simulate.ts";

/**
 * Completions under processor sharing on some cores: of n active jobs each runs at rate min(1, cores / n).
 * Costs O(jobs · log jobs), because all run at one rate: a job is done when a clock that runs at this rate has advanced
 * by its CPU time.
 *
 * @param jobs in any order; finite numbers, CPU times at least 0
 * @returns the time of completion of each job, in the order of `jobs`, in their unit
 */
export function shareProcessors(jobs: readonly SrptJob[], cores: number): Float64Array {
  const order = [...jobs.keys()].sort((a, b) => jobs[a]!.arrival - jobs[b]!.arrival || a - b);
  const completions = new Float64Array(jobs.length);
  const active = new IndexedHeap(jobs.length);
  let now = 0, clock = 0, arrived = 0;
  while (arrived < order.length || active.size > 0) {
    const rate = active.size > cores ? cores / active.size : 1;
    const completion = now + (active.topKey() - clock) / rate;
    const arrival = arrived < order.length ? jobs[order[arrived]!]!.arrival : Infinity;
    if (completion <= arrival) {
      clock = active.topKey();
      now = completion;
      completions[active.pop()] = now;
    } else {
      if (active.size > 0) clock += (arrival - now) * rate;
      now = arrival;
      const job = order[arrived++]!;
      active.push(job, clock + jobs[job]!.cpu);
    }
  }
  return completions;
}
