import { MinHeap } from "./heap.ts";
import type { Outcome, Settings } from "./outcome.ts";
import type { Workload } from "./workload.ts";

/** A turn's length in nanoseconds: 3 ms, about EEVDF's base slice on machines of several cores. */
export const ROUND_ROBIN_SLICE_NS = 3e6;

/** More turns than this would take minutes. */
const MOST_TURNS = 1e9;

/**
 * Round robin: one queue for all cores; who has had a core for a slice goes to its end while others wait. Costs
 * O(turns · log cores); turns in which nobody waits are simulated as one.
 *
 * @throws RangeError where it would be more than 10⁹ turns
 */
export function simulateRoundRobin({ arrivalNs, cpuNs }: Workload, settings: Settings): Outcome {
  const { cores, switchCostNs } = settings;
  const sliceNs = Math.max(ROUND_ROBIN_SLICE_NS, settings.minRunNs);
  assertFewTurns(cpuNs, sliceNs);
  const count = arrivalNs.length;
  const completionNs = new Float64Array(count), firstRunNs = new Float64Array(count).fill(-1);
  const remainingNs = cpuNs.slice();
  /** How much each running job gets done by the end of its turn. */
  const turnNs = new Float64Array(count);
  const running = new MinHeap(cores);
  /** A ring: no job waits twice. */
  const queue = new Int32Array(count);
  let head = 0, waiting = 0, arrived = 0, switches = 0;

  function enqueue(job: number): void {
    queue[(head + waiting++) % count] = job;
  }

  while (arrived < count || running.size > 0) {
    const nowNs = Math.min(arrived < count ? arrivalNs[arrived]! : Infinity, running.topKey());
    // Who arrives just when a turn ends is before the one whose turn it was.
    while (arrived < count && arrivalNs[arrived]! <= nowNs) enqueue(arrived++);
    while (running.topKey() <= nowNs) {
      const job = running.pop();
      remainingNs[job]! -= turnNs[job]!;
      if (remainingNs[job]! <= 0) completionNs[job] = nowNs;
      else if (waiting > 0) enqueue(job);
      else {
        // Nobody waits before the next arrival: on to the first end of a turn from then on.
        const turns = arrived < count
          ? Math.max(1, Math.ceil((arrivalNs[arrived]! - nowNs) / sliceNs))
          : Infinity;
        turnNs[job] = Math.min(remainingNs[job]!, turns * sliceNs);
        running.push(job, nowNs + turnNs[job]!);
      }
    }
    while (running.size < cores && waiting > 0) {
      const job = queue[head]!;
      head = (head + 1) % count;
      waiting--;
      if (firstRunNs[job]! < 0) firstRunNs[job] = nowNs;
      switches++;
      turnNs[job] = Math.min(remainingNs[job]!, sliceNs);
      running.push(job, nowNs + switchCostNs + turnNs[job]!);
    }
  }
  return { completionNs, firstRunNs, switches };
}

function assertFewTurns(cpuNs: Float64Array, sliceNs: number): void {
  let turns = 0;
  for (let job = 0; job < cpuNs.length; job++) turns += cpuNs[job]! / sliceNs;
  if (turns > MOST_TURNS) {
    throw new RangeError(
      `cannot simulate rr over ${turns.toExponential(1)} turns of ${
        sliceNs / 1e6
      } ms: must be 10^9 at most ` +
        "(a longer minimum run makes longer turns)",
    );
  }
}
