import { MinHeap } from "./heap.ts";
import type { Outcome, Settings } from "./outcome.ts";
import type { Workload } from "./workload.ts";

/**
 * Shortest remaining processing time, with known CPU times: optimal for the mean turnaround on one core without switch
 * cost (Schrage, 1968), and the bound that other policies are measured against.
 *
 * The rules are those of `simulateSrpt()` in `learn/simulate.ts`, which also tells each job's slices; this one adds the
 * switch cost and is made for a million jobs. Costs O(events · (log jobs + cores)), where the share of the cores is a
 * few moves of memory: running jobs are in one array in order of their ends.
 */
export function simulateSrptOutcome(
  { arrivalNs, cpuNs }: Pick<Workload, "arrivalNs" | "cpuNs">,
  { cores, minRunNs, switchCostNs }: Settings,
): Outcome {
  const count = arrivalNs.length;
  const completionNs = new Float64Array(count), firstRunNs = new Float64Array(count).fill(-1);
  const remainingNs = cpuNs.slice();
  const waiting = new MinHeap();
  // The running jobs, the last to end first: the first is the one with most remaining, the last the next to complete.
  const ends = new Float64Array(cores), jobs = new Int32Array(cores), givenNs = new Float64Array(cores);
  let running = 0, arrived = 0, switches = 0;

  function give(job: number, nowNs: number): void {
    if (firstRunNs[job]! < 0) firstRunNs[job] = nowNs;
    switches++;
    const end = nowNs + switchCostNs + remainingNs[job]!;
    let place = running++;
    while (place > 0 && ends[place - 1]! < end) {
      ends[place] = ends[place - 1]!;
      jobs[place] = jobs[place - 1]!;
      givenNs[place] = givenNs[place - 1]!;
      place--;
    }
    ends[place] = end;
    jobs[place] = job;
    givenNs[place] = nowNs;
  }

  function preempt(place: number, nowNs: number): void {
    const job = jobs[place]!;
    remainingNs[job] = needNs(place, nowNs);
    running--;
    for (let at = place; at < running; at++) {
      ends[at] = ends[at + 1]!;
      jobs[at] = jobs[at + 1]!;
      givenNs[at] = givenNs[at + 1]!;
    }
    waiting.push(job, remainingNs[job]!);
  }

  /** What the job at a place needs, without what is left of switching to it: by that two would preempt each other. */
  function needNs(place: number, nowNs: number): number {
    return Math.min(remainingNs[jobs[place]!]!, ends[place]! - nowNs);
  }

  /** The place of the running job with most remaining that may be preempted, −1 where there is none. */
  function preemptible(nowNs: number): number {
    // Switching at no cost, who ends last has most remaining.
    if (minRunNs === 0 && switchCostNs === 0) return 0;
    let worst = -1, mostNs = -1;
    for (let place = 0; place < running; place++) {
      if (givenNs[place]! + minRunNs > nowNs) continue;
      const need = needNs(place, nowNs);
      if (need > mostNs) {
        mostNs = need;
        worst = place;
      }
    }
    return worst;
  }

  /** When the first minimum run ends. */
  function unprotectedNs(nowNs: number): number {
    let leastNs = Infinity;
    for (let place = 0; place < running; place++) {
      const endNs = givenNs[place]! + minRunNs;
      if (endNs > nowNs && endNs < leastNs) leastNs = endNs;
    }
    return leastNs;
  }

  let nowNs = 0;
  while (arrived < count || running > 0) {
    let nextNs = running > 0 ? ends[running - 1]! : Infinity;
    if (arrived < count && arrivalNs[arrived]! < nextNs) nextNs = arrivalNs[arrived]!;
    if (minRunNs > 0 && waiting.size > 0) nextNs = Math.min(nextNs, unprotectedNs(nowNs));
    nowNs = nextNs;
    while (running > 0 && ends[running - 1]! <= nowNs) completionNs[jobs[--running]!] = nowNs;
    while (arrived < count && arrivalNs[arrived]! <= nowNs) waiting.push(arrived, cpuNs[arrived++]!);
    while (running < cores && waiting.size > 0) give(waiting.pop(), nowNs);
    while (waiting.size > 0) {
      const place = preemptible(nowNs);
      if (place < 0 || !(waiting.topKey() < needNs(place, nowNs))) break;
      const job = waiting.pop();
      preempt(place, nowNs);
      give(job, nowNs);
    }
  }
  return { completionNs, firstRunNs, switches };
}
