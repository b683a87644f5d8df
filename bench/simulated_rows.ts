/** Simulated invocations as rows of the kind that measured ones have, so that the same figures are made of them. */
import type { Outcome } from "../simulate/outcome.ts";
import type { Workload } from "../simulate/workload.ts";
import type { Measured } from "./summary.ts";

const NS_PER_MS = 1e6;

/** One row for each invocation, in the workload's order. */
export function simulatedRows(
  { arrivalNs, cpuNs, functionIds, functions }: Workload,
  outcome: Outcome,
): Measured[] {
  return Array.from(arrivalNs, (arrival, job) => ({
    function: functions[functionIds[job]!]!,
    dueMs: arrival / NS_PER_MS,
    endMs: outcome.completionNs[job]! / NS_PER_MS,
    cpuMs: cpuNs[job]! / NS_PER_MS,
    executionMs: (outcome.completionNs[job]! - outcome.firstRunNs[job]!) / NS_PER_MS,
    failed: false,
  }));
}
