/** Putting back what an agent has left behind that could not do it itself. */

import type { CgroupChange } from "../enforce/change_journal.ts";
import { putBackInherited } from "../enforce/inherited.ts";
import { Journal, type JournalRecords } from "../enforce/journal.ts";
import { JOURNAL } from "../enforce/journal_layout.ts";
import {
  type CgroupFiles,
  type Outcome,
  putBackAutogroup,
  putBackCgroup,
  putBackMove,
  putBackTask,
  type TaskKernel,
} from "../enforce/put_back.ts";
import { Libc } from "../ffi/libc.ts";
import { osReason } from "../ffi/errors.ts";
import { readStartTicks } from "../observe/start_times.ts";
import { bootId, exists, journalPaths, readJournalFile, remove, removeStaleLink } from "./journal_file.ts";
import { procList } from "./proc_list.ts";

/** What came of the journals that were found. */
export interface RestoreReport {
  /** Paths of the journals that held something. */
  readonly journals: string[];
  /** Put back: tasks, tasks without a record that had inherited the idle class, and cgroups. */
  tasks: number;
  inherited: number;
  cgroups: number;
  /** Recorded, but ended or removed since. */
  gone: number;
  /** Recorded, but changed by someone else since: left as they are. */
  changed: number;
  /** Could not be put back; they stay in the journal. */
  failed: number;
  /** Records that could not be read. */
  damaged: number;
  /** What people should know, one line each: journals that cannot be read, reasons of failures. */
  readonly problems: string[];
}

/**
 * Undoes what the journals of this state folder and of the runtime folder hold: where task and start time (cgroup and
 * inode) and the value that the agent had set are still the same. The caller holds the agent's lock, so that nobody
 * writes to them meanwhile. What could not be undone stays in its journal; an empty one is removed. Never throws for
 * what it finds there.
 */
export function restoreMachine(stateFolder: string, runtimeFolder?: string): RestoreReport {
  const report: RestoreReport = {
    journals: [],
    tasks: 0,
    inherited: 0,
    cgroups: 0,
    gone: 0,
    changed: 0,
    failed: 0,
    damaged: 0,
    problems: [],
  };
  const boot = bootId();
  const paths = journalPaths(stateFolder, runtimeFolder).filter(exists);
  if (paths.length > 0) {
    using libc = new Libc();
    for (const path of paths) restoreJournal(libc, path, boot, report);
  }
  try {
    removeStaleLink(runtimeFolder);
  } catch (error) {
    report.problems.push(osReason(error));
  }
  return report;
}

function restoreJournal(libc: Libc, path: string, boot: string, report: RestoreReport): void {
  try {
    const contents = readJournalFile(path, boot);
    if (!contents) return;
    const { tasks, moves, cgroups, headerDamaged, damaged } = contents;
    if (headerDamaged) report.problems.push(`the journal ${path} is damaged: its header cannot be read`);
    if (damaged > 0) {
      report.damaged += damaged;
      report.problems.push(
        `the journal ${path} is damaged: ${damaged} ${damaged === 1 ? "record" : "records"} cannot be read`,
      );
    }
    if (tasks.length + moves.length + cgroups.length > 0) report.journals.push(path);
    const left = restoreRecords(taskKernel(libc), contents, report);
    if (left.tasks.length + left.moves.length + left.cgroups.length === 0) remove(path);
    else keep(path, boot, left);
  } catch (error) {
    report.problems.push(osReason(error));
  }
}

/** Returns the records that could not be undone. */
function restoreRecords(
  kernel: TaskKernel,
  { tasks, moves, cgroups }: JournalRecords,
  report: RestoreReport,
): JournalRecords {
  const reasons = new Map<string, number>();
  const count = (outcome: Outcome, kind: "tasks" | "inherited" | "cgroups") => {
    if (outcome === "restored") report[kind]++;
    else if (typeof outcome === "string") report[outcome]++;
    else {
      report.failed++;
      reasons.set(outcome.failed, (reasons.get(outcome.failed) ?? 0) + 1);
      return true;
    }
    return false;
  };
  // Cgroups first: a group of the idle class holds up all of its tasks.
  const left = {
    cgroups: cgroups.filter((change) => count(putBackGroup(change), "cgroups")),
    tasks: tasks.filter((task) => count(putBackTask(kernel, task), "tasks")),
    moves: moves.filter((move) => count(putBackMove(kernel, move), "tasks")),
  };
  for (const outcome of putBackInherited(kernel, procList, tasks)) count(outcome, "inherited");
  for (const [reason, times] of reasons) {
    report.problems.push(`${times} ${times === 1 ? "change" : "changes"} cannot be put back: ${reason}`);
  }
  return left;
}

/** Leaves a journal with just these records: whole at any moment, whatever becomes of this process or the disk meanwhile. */
function keep(path: string, boot: string, records: JournalRecords): void {
  const memory = new ArrayBuffer(JOURNAL.bytes);
  new Journal(memory, boot, () => undefined).begin(records);
  const fresh = `${path}.left`;
  try {
    Deno.writeFileSync(fresh, new Uint8Array(memory), { mode: 0o600 });
    Deno.renameSync(fresh, path);
  } catch (error) {
    remove(fresh);
    throw error;
  }
}

function taskKernel(libc: Libc): TaskKernel {
  return {
    startTicks: readStartTicks,
    getAttr: (tid) => libc.getAttr(tid),
    setAttr: (tid, attr) => libc.setAttr(tid, attr),
    getAffinity: (tid, mask) => libc.getAffinity(tid, mask),
    setAffinity: (tid, mask) => libc.setAffinity(tid, mask),
  };
}

function putBackGroup(change: CgroupChange): Outcome {
  if (change.file !== "autogroup") return putBackCgroup(CGROUP_FILES, change);
  return putBackAutogroup(CGROUP_FILES, procList.processes().map(({ pid }) => pid), change, pause);
}

/** Nothing else is to happen meanwhile: what is put back would be changed. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const CGROUP_FILES: CgroupFiles = {
  inode: (path) => Deno.lstatSync(path).ino ?? -1,
  read: (path) => Deno.readTextFileSync(path),
  write: (path, text) => Deno.writeTextFileSync(path, text, { create: false }),
};

/** One line for people; undefined where there was nothing to do. */
export function restoreSummary(report: RestoreReport): string | undefined {
  const { tasks, inherited, cgroups, gone, changed, failed } = report;
  if (tasks + inherited + cgroups + gone + changed + failed === 0) return undefined;
  const parts = [
    `put back ${tasks + inherited} tasks and ${cgroups} cgroups`,
    ...gone > 0 ? [`${gone} are gone`] : [],
    ...changed > 0 ? [`${changed} were changed by others and stay`] : [],
    ...failed > 0 ? [`${failed} could not be put back`] : [],
  ];
  return parts.join(", ");
}
