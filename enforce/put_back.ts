/** Undoing what a journal holds: only what is still there, and still as it was left. */

import { errnoName, ESRCH, osReason } from "../ffi/errors.ts";
import { type Libc, SCHED_BATCH, SCHED_NORMAL, type SchedAttr } from "../ffi/libc.ts";
import { textToWrite } from "./group_weight.ts";
import type { CgroupChange } from "./change_journal.ts";
import type { MoveRecord, TaskRecord } from "./journal_layout.ts";

/**
 * What became of a record: undone; the task or cgroup is gone, its id or path perhaps another's by now; someone else has
 * changed the value since, which stays; or it could not be undone, and why.
 */
export type Outcome = "restored" | "gone" | "changed" | { readonly failed: string };

/** What is needed of the kernel to put tasks back. */
export interface TaskKernel extends Pick<Libc, "getAttr" | "setAttr" | "getAffinity" | "setAffinity"> {
  /** Clock ticks since the machine's start; undefined where there is no such task. */
  startTicks(tid: number): number | undefined;
}

/** What is needed of the file system to put cgroups back. All throw `Deno.errors.NotFound` where there is nothing. */
export interface CgroupFiles {
  inode(path: string): number;
  read(path: string): string;
  write(path: string, text: string): void;
}

/** Files of a cgroup that are ever changed: a damaged or forged journal leads to no other. */
const CGROUP_FILE = /^cpu\.[a-z_.]+$/;

/** Puts a task's attributes back, each one where it is still ours: policy, and nice value with it. */
export function putBackTask(kernel: TaskKernel, { tid, startTicks, before, ours }: TaskRecord): Outcome {
  if (before.policy !== SCHED_NORMAL && before.policy !== SCHED_BATCH) {
    return { failed: "no normal task's record" };
  }
  if (kernel.startTicks(tid) !== startTicks) return "gone";
  const now = kernel.getAttr(tid);
  if (typeof now === "number") return outcomeOf(now);
  if (now.policy !== ours.policy) return "changed";
  return outcomeOf(kernel.setAttr(tid, restored(before, now, ours.nice)));
}

/**
 * The attributes that undo a demotion: those from before, but with the nice value of someone who has changed it since.
 * The kernel shows the nice value from before while a task is in the idle class, whatever came along with the class.
 * @param now what the task has
 * @param oursNice what we gave it
 */
export function restored(before: SchedAttr, now: SchedAttr, oursNice: number): SchedAttr {
  return now.nice === before.nice || now.nice === oursNice ? before : { ...before, nice: now.nice };
}

/** Allows a task its CPUs again, where it is still allowed only the one that it was to be moved to. */
export function putBackMove(kernel: TaskKernel, { tid, startTicks, mask, cpu }: MoveRecord): Outcome {
  if (kernel.startTicks(tid) !== startTicks) return "gone";
  const now = new Uint8Array(128);
  const bytes = kernel.getAffinity(tid, now);
  if (bytes < 0) return outcomeOf(bytes);
  const single = now.every((byte, i) => byte === (i === cpu >> 3 ? 1 << (cpu & 7) : 0));
  return single ? outcomeOf(kernel.setAffinity(tid, mask)) : "changed";
}

/** Writes a cgroup's value from before where it is still ours. */
export function putBackCgroup(
  files: CgroupFiles,
  { path, inode, file, before, ours }: CgroupChange,
): Outcome {
  if (!path.startsWith("/") || !CGROUP_FILE.test(file)) return { failed: "no file of a cgroup" };
  try {
    if (files.inode(path) !== inode) return "gone";
    if (files.read(`${path}/${file}`).trim() !== ours.trim()) return "changed";
    files.write(`${path}/${file}`, before);
    return "restored";
  } catch (error) {
    // ENODEV: the cgroup was removed between two of the calls.
    const gone = error instanceof Deno.errors.NotFound || /os error 19\b/.test(String(error));
    return gone ? "gone" : { failed: osReason(error) };
  }
}

/** How often a session is tried, where the kernel refuses one that comes too soon after another. */
const AUTOGROUP_ATTEMPTS = 3;
/** How long it refuses the next, to whom has no CAP_SYS_ADMIN (kernel/sched/autogroup.c), and a tick. */
const AUTOGROUP_PAUSE_MS = 110;

/**
 * Gives a session's autogroup its nice value from before (sched(7)), through any process that is in it: the one that is in
 * the record may have ended since.
 * @param pids of all processes
 * @param pause waits
 */
export function putBackAutogroup(
  files: Pick<CgroupFiles, "read" | "write">,
  pids: readonly number[],
  change: CgroupChange,
  pause: (ms: number) => void,
): Outcome {
  const [group] = change.ours.split(" ");
  for (const pid of pids) {
    const path = `/proc/${pid}/autogroup`;
    for (let attempt = 1;; attempt++) {
      try {
        const now = files.read(path).trim();
        if (now.split(" ")[0] !== group) break;
        if (now !== change.ours) return "changed";
        files.write(path, textToWrite(change, change.before));
        return "restored";
      } catch (error) {
        if (error instanceof Deno.errors.NotFound || /os error 3\b/.test(String(error))) break; // it has ended
        const tooSoon = /os error 11\b/.test(String(error));
        if (!tooSoon || attempt === AUTOGROUP_ATTEMPTS) return { failed: osReason(error) };
        pause(AUTOGROUP_PAUSE_MS);
      }
    }
  }
  return "gone";
}

/** What a system call's status, an errno where negative, says of a record. */
export function outcomeOf(status: number): Outcome {
  if (status >= 0) return "restored";
  return -status === ESRCH ? "gone" : { failed: errnoName(-status) };
}
