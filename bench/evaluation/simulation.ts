/**
 * What can be said without root: the same traces, simulated (docs/simulate.md).
 */
import { MIXES } from "../mixes.ts";
import { madeTrace } from "../trace_command.ts";
import { referenceCpuMs } from "../reference_times.ts";
import { simulatedRows } from "../simulated_rows.ts";
import { gapClosed, summarize } from "../summary.ts";
import { makeWorkload } from "../../simulate/workload.ts";
import { POLICIES, simulate } from "../../simulate/policies.ts";
import type { Summary } from "../results.ts";
import { conditionName, type Plan } from "./plan.ts";

/** A simulated condition. */
export interface SimulatedRun {
  readonly name: string;
  /** By policy; `ps` stands for the kernel's default, `srpt` for the oracle. */
  readonly policies: Readonly<Record<string, Summary & { readonly gap_closed: number | null }>>;
}

/** Simulates the mixes of a plan, with CPU times of a reference machine: the same plan gives the same figures anywhere. */
export function simulateConditions({ conditions, cores, seconds, work, seed }: Plan): SimulatedRun[] {
  return conditions.flatMap((condition) => {
    const { source, load } = condition;
    if (source === "trace" || source === "programs" || load === undefined) return [];
    const cpuMsOf = (job: string, n: number) => work * referenceCpuMs(job, n);
    const rows = madeTrace({ mix: MIXES[source], seed, load, cores, seconds, cpuMsOf });
    const workload = makeWorkload(
      rows.map((row) => ({
        function: row.function,
        arrivalNs: row.dueMs * 1e6,
        cpuNs: cpuMsOf(row.job, row.n) * 1e6,
      })),
    );
    const summaries = new Map([...POLICIES.keys()].map((policy) => {
      return [policy, summarize(simulatedRows(workload, simulate(workload, policy, { cores })))];
    }));
    const fair = summaries.get("ps")!.mean_ms, best = summaries.get("srpt")!.mean_ms;
    return [{
      name: conditionName(condition),
      policies: Object.fromEntries(
        [...summaries].map(([policy, summary]) => {
          const gap = gapClosed(fair, summary.mean_ms, best);
          return [policy, { ...summary, gap_closed: Number.isNaN(gap) ? null : gap }];
        }),
      ),
    }];
  });
}
