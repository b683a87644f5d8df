/**
 * What would another order have brought? Invocations that have run, simulated under the fair ideal, under rank tables, and
 * under SRPT, beside what was measured.
 */
import type { FunctionPolicy, RankTable } from "../learn/policy.ts";
import { AGE_DIVISOR } from "../learn/table.ts";
import { settingsOf } from "./outcome.ts";
import { percentile } from "./percentile.ts";
import { simulateProcessorSharing } from "./processor_sharing.ts";
import { simulateRanked } from "./ranked.ts";
import { simulateSrptOutcome } from "./srpt.ts";
import { ranksByTables } from "./table_ranks.ts";
import type { Workload } from "./workload.ts";

/** Invocations that have run, in any order; lists of one length, times in nanoseconds on one clock. */
export interface RunInvocations {
  readonly functionIds: Float64Array;
  readonly startNs: Float64Array;
  readonly endNs: Float64Array;
  readonly cpuNs: Float64Array;
}

/** What is in force. Plain data: it crosses threads. */
export interface OrderInForce {
  readonly functions: readonly (RankTable & Pick<FunctionPolicy, "functionId">)[];
  /** For the other functions; they are ranked by the CPU time that they have used where there is none. */
  readonly prior: RankTable | undefined;
}

/** Mean and 99th percentile of turnaround, in nanoseconds. */
export interface Turnaround {
  readonly meanNs: number;
  readonly p99Ns: number;
}

/** Turnaround as it was, and as it would have been. */
export interface Compared {
  readonly invocations: number;
  /** Mean CPU time in nanoseconds. */
  readonly cpuNs: number;
  readonly measured: Turnaround;
  /** Processor sharing, the ideal of CFS and EEVDF, without costs. */
  readonly fair: Turnaround;
  /** The ranks in force, from the first moment on. */
  readonly policy: Turnaround;
  /** SRPT, told all CPU times: the bound. */
  readonly oracle: Turnaround;
}

/** The result. */
export interface WhatIf {
  /** CPU time over cores × span from the first start to the last; 0 where there is no span. */
  readonly load: number;
  readonly all: Compared;
  /** By the function's number, those with most CPU time first. */
  readonly functions: readonly (Compared & { readonly functionId: number })[];
}

/** Ranks by what has been used alone, least first: what is left to do where nothing is known. */
const BY_ATTAINED: RankTable = { table: [0, 0], tailSlope: 1 };

/**
 * Compares. An invocation that began before the first one in the list and is not in it is missing from the simulation, too: of
 * a window of time, the beginning is less busy than it was. Costs as much as three simulations.
 *
 * ```ts
 * import { whatIf } from "@alps/agent";
 * import assert from "node:assert/strict";
 *
 * const MS = 1e6;
 * // A long one from 0 to 100 ms, and a short one that came after 10 ms and was done after 30.
 * const run = {
 *   functionIds: Float64Array.of(1, 2),
 *   startNs: Float64Array.of(0, 10 * MS),
 *   endNs: Float64Array.of(100 * MS, 30 * MS),
 *   cpuNs: Float64Array.of(90 * MS, 10 * MS),
 * };
 * const { all } = whatIf(run, 1, { functions: [], prior: undefined });
 * assert.deepEqual([all.measured.meanNs, all.oracle.meanNs], [60 * MS, 55 * MS]);
 * ```
 *
 * @param cores that they ran on
 * @throws RangeError where a number of cores cannot be simulated
 */
export function whatIf(run: RunInvocations, cores: number, order: OrderInForce): WhatIf {
  const settings = settingsOf({ cores });
  const { workload, measuredNs } = arranged(run);
  const tables = new Map(order.functions.map((each) => [each.functionId, each]));
  const ranks = ranksByTables(
    (job) => tables.get(workload.functionIds[job]!) ?? order.prior ?? BY_ATTAINED,
    (job) => workload.arrivalNs[job]! / AGE_DIVISOR,
  );
  const kinds: Record<keyof Omit<Compared, "invocations" | "cpuNs">, Float64Array> = {
    measured: measuredNs,
    fair: simulateProcessorSharing(workload, settings).completionNs,
    policy: simulateRanked(workload, settings, ranks).completionNs,
    oracle: simulateSrptOutcome(workload, settings).completionNs,
  };
  for (const kind of ["fair", "policy", "oracle"] as const) {
    for (let job = 0; job < measuredNs.length; job++) kinds[kind][job]! -= workload.arrivalNs[job]!;
  }
  const compare = (jobs: readonly number[]): Compared => ({
    invocations: jobs.length,
    cpuNs: jobs.reduce((sum, job) => sum + workload.cpuNs[job]!, 0) / Math.max(1, jobs.length),
    measured: turnaround(jobs, kinds.measured),
    fair: turnaround(jobs, kinds.fair),
    policy: turnaround(jobs, kinds.policy),
    oracle: turnaround(jobs, kinds.oracle),
  });
  const byFunction = Map.groupBy(workload.functionIds.keys(), (job) => workload.functionIds[job]!);
  const all = compare([...workload.functionIds.keys()]);
  const spanNs = workload.arrivalNs.at(-1) ?? 0;
  return {
    load: spanNs > 0 ? all.cpuNs * all.invocations / (cores * spanNs) : 0,
    all,
    functions: [...byFunction]
      .map(([functionId, jobs]) => ({ functionId, ...compare(jobs) }))
      .sort((a, b) => b.cpuNs * b.invocations - a.cpuNs * a.invocations || a.functionId - b.functionId),
  };
}

/** In order of arrival, the first at 0. */
function arranged({ functionIds, startNs, endNs, cpuNs }: RunInvocations): {
  workload: Pick<Workload, "arrivalNs" | "cpuNs"> & { functionIds: Int32Array };
  measuredNs: Float64Array;
} {
  const order = Uint32Array.from(startNs.keys()).sort((a, b) => startNs[a]! - startNs[b]! || a - b);
  const firstNs = order.length > 0 ? startNs[order[0]!]! : 0;
  const pick = (value: (job: number) => number) => Float64Array.from(order, value);
  return {
    workload: {
      arrivalNs: pick((job) => startNs[job]! - firstNs),
      cpuNs: pick((job) => cpuNs[job]!),
      functionIds: Int32Array.from(order, (job) => functionIds[job]!),
    },
    measuredNs: pick((job) => endNs[job]! - startNs[job]!),
  };
}

function turnaround(jobs: readonly number[], ns: Float64Array): Turnaround {
  const values = Float64Array.from(jobs, (job) => ns[job]!).sort();
  if (values.length === 0) return { meanNs: 0, p99Ns: 0 };
  return {
    meanNs: values.reduce((sum, value) => sum + value, 0) / values.length,
    p99Ns: percentile(values, 0.99),
  };
}
