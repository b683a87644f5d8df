import { gittinsCurve } from "../learn/gittins.ts";
import type { Outcome, Settings } from "./outcome.ts";
import { simulateRanked } from "./ranked.ts";
import { ranksByTables } from "./table_ranks.ts";
import type { Workload } from "./workload.ts";

/** Most stretches that a distribution is described by; the index costs the square of it per function. */
const MOST_STRETCHES = 64;

/** A single value is a stretch from itself to this share beyond. */
const WIDTH_OF_VALUE = 1e-3;

/**
 * The Gittins policy that is told each function's distribution of CPU times (that of the whole workload, as `srpt` is
 * told the sizes), but not the size of any invocation: the bound for whoever can tell functions apart and nothing else.
 * `alps:gittins` learns the distributions. Gittins, Glazebrook and Weber, "Multi-Armed Bandit
 * Allocation Indices" (2011), has the index; on one core with Poisson arrivals and free preemption it is optimal.
 */
export function simulateGittins(workload: Workload, settings: Settings): Outcome {
  const { cpuNs, functionIds, functions } = workload;
  const samples: number[][] = functions.map(() => []);
  for (let job = 0; job < cpuNs.length; job++) samples[functionIds[job]!]!.push(cpuNs[job]!);
  const tables = samples.map((each) => ({ table: gittinsTable(each), tailSlope: 0 }));
  return simulateRanked(workload, settings, ranksByTables((job) => tables[functionIds[job]!]!));
}

/**
 * The index of a distribution that is given by all of its values: pairs of attained CPU time and rank. Few different
 * values are taken as they are; of many, as many lie between two neighbouring points as between any others.
 *
 * @param values at least one, in nanoseconds, at least 0
 */
export function gittinsTable(values: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  const stretches = describe(sorted);
  const times = [0], survival = [1];
  let left = sorted.length;
  for (const { from, to, count } of stretches) {
    // Times must increase, also where a stretch begins at 0 or within the width of the value before it.
    if (from > times.at(-1)!) {
      times.push(from);
      survival.push(left / sorted.length);
    }
    left -= count;
    times.push(Math.max(to, from * (1 + WIDTH_OF_VALUE), times.at(-1)! + 1));
    survival.push(left / sorted.length);
  }
  const { attained, rank, length } = gittinsCurve(Float64Array.from(times), Float64Array.from(survival));
  return Array.from({ length: 2 * length }, (_, at) => (at % 2 === 0 ? attained : rank)[at >> 1]!);
}

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

function describe(sorted: Float64Array): Stretch[] {
  const most = Math.min(MOST_STRETCHES, Math.ceil(Math.sqrt(sorted.length)));
  const values: Stretch[] = [];
  for (let first = 0; first < sorted.length && values.length <= most;) {
    const value = sorted[first]!;
    let next = first + 1;
    while (next < sorted.length && sorted[next] === value) next++;
    values.push({ from: value, to: value, count: next - first });
    first = next;
  }
  if (values.length <= most) return values;
  return Array.from({ length: most }, (_, place) => {
    const first = Math.floor(place * sorted.length / most),
      next = Math.floor((place + 1) * sorted.length / most);
    return { from: sorted[first]!, to: sorted[next - 1]!, count: next - first };
  });
}
