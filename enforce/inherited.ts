/**
 * Tasks that were born demoted: a child or thread inherits the idle class, and where the agent was killed before it heard
 * of it, no record says so. They are found by whom they come from.
 */

import { SCHED_IDLE, type SchedAttr } from "../ffi/libc.ts";
import type { TaskRecord } from "./journal_layout.ts";
import { type Outcome, outcomeOf, type TaskKernel } from "./put_back.ts";

/** A process as /proc shows it. */
export interface Relatives {
  readonly pid: number;
  readonly parentPid: number;
  /** Ids of its process group and session. */
  readonly group: number;
  readonly session: number;
}

/** What is needed of /proc. What is gone has no process, no threads. */
export interface ProcessList {
  processes(): Relatives[];
  /** The process that a thread belongs to. */
  processOf(tid: number): number | undefined;
  threadsOf(pid: number): number[];
}

/**
 * The processes that may have inherited what was recorded, with the attributes from before of whom they have it from:
 * processes with recorded threads, their descendants, and, where a recorded process has ended, what is left of its
 * process group and session (their ids are not given to others as long as there is any).
 * @param owners by process: attributes before of one of its recorded tasks
 * @param ended recorded ids that no task has any longer
 */
export function relatedProcesses(
  processes: readonly Relatives[],
  owners: ReadonlyMap<number, SchedAttr>,
  ended: ReadonlyMap<number, SchedAttr>,
): Map<number, SchedAttr> {
  const children = Map.groupBy(processes, ({ parentPid }) => parentPid);
  const related = new Map<number, SchedAttr>();
  const open: [number, SchedAttr][] = [...owners];
  for (const { pid, group, session } of processes) {
    const before = ended.get(group) ?? ended.get(session);
    if (before) open.push([pid, before]);
  }
  for (let next = open.shift(); next; next = open.shift()) {
    const [pid, before] = next;
    if (related.has(pid)) continue;
    related.set(pid, before);
    for (const child of children.get(pid) ?? []) open.push([child.pid, owners.get(child.pid) ?? before]);
  }
  return related;
}

/**
 * Takes tasks without a record that come from recorded ones out of the idle class. Call it once the recorded ones have
 * been put back: what is born after that inherits nothing any longer.
 * @returns what became of each
 */
export function putBackInherited(
  kernel: TaskKernel,
  list: ProcessList,
  records: readonly TaskRecord[],
): Outcome[] {
  const outcomes: Outcome[] = [];
  const recorded = new Set<number>();
  const owners = new Map<number, SchedAttr>(), ended = new Map<number, SchedAttr>();
  for (const { tid, startTicks, before } of records) {
    const ticks = kernel.startTicks(tid);
    if (ticks === undefined) ended.set(tid, before);
    if (ticks !== startTicks) continue;
    recorded.add(tid);
    const pid = list.processOf(tid);
    if (pid !== undefined) owners.set(pid, before);
  }
  if (owners.size + ended.size === 0) return outcomes;
  // One that is found late may have had children meanwhile: until nothing more is found.
  for (let found = true; found;) {
    found = false;
    for (const [pid, before] of relatedProcesses(list.processes(), owners, ended)) {
      for (const tid of list.threadsOf(pid)) {
        if (recorded.has(tid)) continue;
        const now = kernel.getAttr(tid);
        if (typeof now === "number" || now.policy !== SCHED_IDLE) continue;
        recorded.add(tid); // whatever comes of it, it is not tried again
        const outcome = outcomeOf(kernel.setAttr(tid, { ...before, nice: now.nice }));
        outcomes.push(outcome);
        found ||= outcome === "restored";
      }
    }
  }
  return outcomes;
}
