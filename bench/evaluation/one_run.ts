/**
 * One replay under one policy, and whether it can be believed.
 */
import { join } from "node:path";
import { errnoName } from "../../ffi/errors.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { TraceRow } from "../../traces/alps.ts";
import { type InForce, inForce } from "../policies/in_force.ts";
import { type ProcessStat, statOf } from "../policies/linux_tasks.ts";
import type { Policy } from "../policies/policy.ts";
import { whileRaised } from "../policies/raise.ts";
import type { PolicyReport, PolicyThread } from "../policies/thread.ts";
import { type PolicyRun, type RunnablePolicy, runPolicy } from "../policy_run.ts";
import type { Service } from "../processes.ts";
import type { Workload } from "../workload.ts";

/** What is the same for all runs. */
export interface RunPlace {
  readonly libc: Libc;
  readonly thread: PolicyThread;
  readonly host: Service;
  /** The native parent of the functions. */
  readonly parentPid: number;
  readonly cores: number;
  /** Folders of runs are made in it. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** A run with what its honesty is judged by. */
export interface EvaluatedRun extends PolicyRun {
  readonly by: Policy;
  readonly report: PolicyReport;
  readonly inForce: InForce;
  /** How host, its native parent, load generator and agent were scheduled: must be the same under every policy. */
  readonly scheduled: Readonly<Record<string, string>>;
  /** Why it cannot be believed, by itself; what only shows beside the others comes later. */
  readonly problems: readonly string[];
}

/** Requests that leave later than this, at the 99th percentile, were not sent when they were due. */
const MOST_LATE_MS = 25;

/** Where other programs, with host and client, take more of the machine, functions had another machine. In percent. */
const MOST_ELSEWHERE_PERCENT = 20;

let runs = 0;

/** Runs a policy. @param label for the progress bar */
export async function runOne(
  place: RunPlace,
  policy: Policy,
  workload: Workload,
  rows: readonly TraceRow[],
  label: string,
): Promise<EvaluatedRun> {
  const { libc, thread, host, parentPid, cores, folder, signal } = place;
  const scheduled: Record<string, string> = {};
  const note = (name: string, pid: number) => {
    const stat = statOf(pid);
    if (stat !== undefined) scheduled[name] = scheduledAs(stat);
  };
  await thread.begin(policy.scheduler);
  let run: PolicyRun, report: PolicyReport;
  try {
    run = await runPolicy({
      policy: runnable(policy),
      rows,
      workload,
      host,
      folder: join(folder, String(++runs)),
      label,
      signal,
      surroundings: {
        send: (action) => whileRaised(libc, action),
        watchRanks: policy.agent.backend !== "none",
        onSender: (sender, agent) => {
          note("load generator", sender);
          note("agent", agent);
          note("host", host.pid);
          note("native parent", parentPid);
        },
      },
    });
  } finally {
    report = await thread.end();
  }
  const verdict = inForce(policy, report.tally, cores, run.groupDemotions);
  const late = run.replay.latenessMs.p99;
  return {
    ...run,
    by: policy,
    report,
    inForce: verdict,
    scheduled,
    problems: [
      ...lost(policy.name, run),
      ...(verdict.verdict === "no" ? [`${policy.name} was not in force: ${verdict.detail}`] : []),
      ...[...report.refused].map(([errno, count]) =>
        `${policy.name}: the kernel refused ${count} changes with ${errnoName(errno)}`
      ),
      ...(run.elsewherePercent > MOST_ELSEWHERE_PERCENT
        ? [`${policy.name}: other programs took ${run.elsewherePercent.toFixed(0)} % of the machine`]
        : []),
      ...(late > MOST_LATE_MS ? [`${policy.name}: requests left late by ${late.toFixed(0)} ms (p99)`] : []),
    ],
  };
}

/** Invocations without an answer or a record. One that was answered with a failure is counted, and shown, but is no problem. */
function lost(name: string, { measurement: { joined, unrecorded } }: PolicyRun): string[] {
  const unanswered = joined.filter(({ request }) => request.answeredMs === undefined).length;
  return [
    ...(unanswered > 0 ? [`${name}: ${unanswered} invocations were not answered`] : []),
    ...(unrecorded > 0 ? [`${name}: ${unrecorded} invocations are not in the agent's record`] : []),
  ];
}

/** As the agent's part of it is started. */
function runnable({ name, agent: { backend, ml = "avg", args = [] } }: Policy): RunnablePolicy {
  return { name, backend, ml, args };
}

/** Scheduling class and priority in a few characters: `FIFO 20`, `fair, nice 0`. */
function scheduledAs({ policy, nice, priority }: ProcessStat): string {
  const names: Record<number, string> = { 0: "fair", 1: "FIFO", 2: "RR", 3: "batch", 5: "idle" };
  const name = names[policy] ?? `policy ${policy}`;
  return priority > 0 ? `${name} ${priority}` : `${name}, nice ${nice}`;
}
