import { FairShare } from "./fair_share.ts";
import type { Outcome, Settings } from "./outcome.ts";
import type { Workload } from "./workload.ts";

/**
 * Processor sharing: of n active jobs each runs at the rate min(1, cores / n), what a perfectly fair scheduler would do.
 * It is the ideal that CFS and EEVDF come near with slices that have a size. Costs O(jobs · log jobs).
 */
export function simulateProcessorSharing(
  { arrivalNs, cpuNs }: Pick<Workload, "arrivalNs" | "cpuNs">,
  { cores }: Pick<Settings, "cores">,
): Outcome {
  const count = arrivalNs.length;
  const completionNs = new Float64Array(count);
  const active = new FairShare(cores);
  let arrived = 0;
  while (arrived < count || active.size > 0) {
    const endNs = active.nextCompletionNs();
    const nextNs = arrived < count ? arrivalNs[arrived]! : Infinity;
    active.advance(Math.min(endNs, nextNs));
    if (endNs <= nextNs) completionNs[active.complete()] = endNs;
    else active.add(arrived, cpuNs[arrived++]!);
  }
  return { completionNs, firstRunNs: arrivalNs.slice(), switches: 0 };
}
