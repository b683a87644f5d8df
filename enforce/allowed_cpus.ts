/**
 * What a task is to be allowed again after it was allowed one CPU for a moment.
 *
 * Since 6.2 the kernel remembers what was asked for with sched_setaffinity(2) and applies it whenever the task's cpuset
 * changes (`user_cpus_ptr` in kernel/sched/core.c). So a task that may run on all of its cpuset's CPUs is given all CPUs that
 * there are, of which the kernel takes the cpuset's, now and when it is widened; only one that somebody has bound to fewer is
 * given what it has. Which of both holds for a task that was bound to all of its cpuset's CPUs the kernel does not tell.
 */

import { readIfThere } from "../observe/read_file.ts";
import { type CgroupHierarchy, mountedHierarchies } from "./cgroup_mount.ts";
import { MASK_BYTES, parseAllowedCpus, parseCpuList } from "./cpu_lists.ts";

/** The hierarchy of cpusets. */
export interface CpusetMount {
  /** Its root's folder. */
  readonly path: string;
  /** Name of the file with the CPUs that a cpuset gives its tasks (kernel/cgroup/cpuset.c, and -v1.c). */
  readonly cpusFile: "cpuset.effective_cpus" | "cpuset.cpus.effective";
}

/** The hierarchy with the cpuset controller; undefined where none is mounted as a whole. */
export function findCpusetMount(hierarchies: readonly CgroupHierarchy[]): CpusetMount | undefined {
  const found = hierarchies.find(({ whole, words }) => whole && words.includes("cpuset"));
  const cpusFile = found?.version === 1 ? "cpuset.effective_cpus" : "cpuset.cpus.effective";
  return found && { path: found.path, cpusFile };
}

/** Masks of this machine's tasks, as sched_setaffinity(2) takes them on little-endian machines. */
export class AllowedCpus {
  readonly #all = new Uint8Array(MASK_BYTES).fill(0xff);
  #mount: CpusetMount | undefined;
  #mountIsKnown = false;

  /** @param read a file's text; undefined where it is gone or may not be read */
  constructor(readonly read: (path: string) => string | undefined = readIfThere) {}

  /** {@link MASK_BYTES} bytes; undefined where the task is gone. */
  of(tid: number): Uint8Array | undefined {
    const mask = parseAllowedCpus(this.read(`/proc/${tid}/status`) ?? "");
    if (!mask) return undefined;
    const cpuset = this.#cpusetOf(tid);
    return cpuset?.every((byte, i) => byte === mask[i]) ? this.#all : mask;
  }

  /** The mask of a task's cpuset; undefined where it cannot be told. */
  #cpusetOf(tid: number): Uint8Array | undefined {
    const mount = this.#cpusets(), path = mount && this.read(`/proc/${tid}/cpuset`)?.replace(/\n$/, "");
    // From within a namespace of cgroups those outside of it are shown below "/..".
    if (!path?.startsWith("/") || path.split("/").includes("..")) return undefined;
    const list = this.read(`${mount!.path}${path}/${mount!.cpusFile}`);
    if (list === undefined) return undefined;
    const mask = new Uint8Array(MASK_BYTES);
    for (const cpu of parseCpuList(list)) mask[cpu >> 3]! |= 1 << (cpu & 7);
    return mask;
  }

  #cpusets(): CpusetMount | undefined {
    if (!this.#mountIsKnown) {
      this.#mount = findCpusetMount(mountedHierarchies(this.read));
      this.#mountIsKnown = true;
    }
    return this.#mount;
  }
}
