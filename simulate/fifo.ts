import { MinHeap } from "./heap.ts";
import type { Outcome, Settings } from "./outcome.ts";
import type { Workload } from "./workload.ts";

/**
 * First in, first out: one queue for all cores, and who was given a core keeps it to the end. Costs
 * O(jobs · log cores).
 */
export function simulateFifo({ arrivalNs, cpuNs }: Workload, { cores, switchCostNs }: Settings): Outcome {
  const count = arrivalNs.length;
  const completionNs = new Float64Array(count), firstRunNs = new Float64Array(count);
  /** When each core falls free. */
  const free = new MinHeap(cores);
  for (let core = 0; core < cores; core++) free.push(core, 0);
  for (let job = 0; job < count; job++) {
    const startNs = Math.max(arrivalNs[job]!, free.topKey());
    firstRunNs[job] = startNs;
    completionNs[job] = startNs + switchCostNs + cpuNs[job]!;
    free.push(free.pop(), completionNs[job]!);
  }
  return { completionNs, firstRunNs, switches: count };
}
