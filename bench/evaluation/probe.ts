/**
 * Whether a scheduler in user space may do here what it wants to.
 */
import { FailedError } from "../../cli/errors.ts";
import { EPERM, errnoName } from "../../ffi/errors.ts";
import type { Policy } from "../policies/policy.ts";
import type { PolicyReport } from "../policies/thread.ts";
import { runUrl } from "../replay.ts";
import type { MeasuredWorkload } from "../workload.ts";
import type { RunPlace } from "./one_run.ts";

/** So many functions are invoked once, those that take the longest: a process must live until its attributes are set. */
const PROBED = 3;

/** Runs a few invocations under a scheduler, without an agent. */
export async function probe(
  { thread, host, signal }: RunPlace,
  policy: Policy,
  { mix, cpuMsOf, runAs, functionOf }: MeasuredWorkload,
): Promise<PolicyReport> {
  const longest = mix.toSorted((a, b) => cpuMsOf(b.job, b.n) - cpuMsOf(a.job, a.n)).slice(0, PROBED);
  await thread.begin(policy.scheduler);
  let report: PolicyReport;
  try {
    for (const { job, number, n } of longest) {
      const name = functionOf({ job, function: `${job}-${number}` });
      const response = await fetch(runUrl(new URL(host.url), runAs(name)), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ n, id: 0, job }),
        signal,
      });
      await response.body?.cancel();
    }
  } finally {
    report = await thread.end();
  }
  if (report.started < longest.length) {
    throw new FailedError(`the host told of ${report.started} invocations, wanted ${longest.length}`);
  }
  return report;
}

/** Why a policy cannot be had here, where a trial of it shows that; undefined where it can. */
export function notPossible(policy: Policy, { refused }: PolicyReport): string | undefined {
  const [first] = refused;
  if (first === undefined) return undefined;
  const [errno, count] = first;
  const why = errno === EPERM && policy.scheduler?.kind !== "nice"
    ? "the kernel refuses real-time scheduling to the functions' processes (where functions are in cgroups and the kernel " +
      "was built with CONFIG_RT_GROUP_SCHED, their cpu.rt_runtime_us is 0)"
    : `the kernel refused ${count} changes with ${errnoName(errno)}`;
  return `not possible here: ${why}`;
}
