/**
 * Before anything is measured: does an agent start here, and do its rules find the functions?
 */
import { FailedError } from "../cli/errors.ts";
import { shown } from "../observe/names.ts";
import { type PolicyRun, type PolicyRunOptions, runPolicy } from "./policy_run.ts";
import type { TraceRow } from "../traces/alps.ts";
import type { Workload } from "./workload.ts";

/** How many functions a message names. */
const NAMED = 5;

/**
 * How often each function is invoked, and how far apart in milliseconds. The agent looks a program up when it first sees
 * it; one that has ended by then leaves no record, so that once says little.
 */
const TIMES = 3;
const APART_MS = 200;

/**
 * Runs a few invocations of each function under an agent. What would spoil a run of a minute is found out now.
 *
 * @throws FailedError where an invocation fails, or the agent did not see one; NotPossibleError where no agent runs here
 */
export async function tryOut(options: Omit<PolicyRunOptions, "rows">): Promise<void> {
  assertSeen(await runPolicy({ ...options, rows: fewEach(options.workload) }), options.workload);
}

/**
 * Judges such a run.
 *
 * @throws FailedError where an invocation fails, or the agent did not see one
 */
export function assertSeen({ measurement }: PolicyRun, workload: Workload): void {
  for (const { request } of measurement.joined) {
    if (request.error === undefined) continue;
    throw new FailedError(`cannot run ${shown(request.row.function)}: ${shown(request.error)}`);
  }
  const byFunction = Map.groupBy(measurement.joined, ({ request }) => request.row.function);
  const unseen = [...byFunction].filter(([, list]) => list.every(({ entry }) => entry === undefined)).map((
    [name],
  ) => shown(name));
  if (unseen.length === 0) return;
  const names = unseen.length > NAMED ? [...unseen.slice(0, NAMED), "…"] : unseen;
  const rules = workload.rules.map((rule) => `--rule '${shown(rule)}'`).slice(0, NAMED).join(" ");
  throw new FailedError(
    `the agent did not see ${names.join(", ")} run: none of its rules matches (${rules})`,
  );
}

/** Some invocations of each function's first entry. */
export function fewEach(workload: Workload, times: number = TIMES): TraceRow[] {
  const firsts = new Map<string, TraceRow>();
  for (const { job, number, n } of workload.mix) {
    const row = { id: firsts.size + 1, n, job, function: `${job}-${number}`, dueMs: 0 };
    const name = workload.functionOf(row);
    if (!firsts.has(name)) firsts.set(name, { ...row, function: name });
  }
  return Array.from(
    { length: times },
    (_, time) => [...firsts.values()].map((row) => ({ ...row, dueMs: time * APART_MS })),
  )
    .flat();
}
