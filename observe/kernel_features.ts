/**
 * What the eBPF programs need from the kernel, and the version that brought each: the one place where kernels differ.
 * Fields of kernel types are found by name when the programs are loaded (CO-RE), so they are listed where their name has
 * changed or where they are missing on some kernel.
 */

import { NotSupportedError } from "../ffi/errors.ts";

/** One feature. */
export interface KernelFeature {
  readonly feature: string;
  readonly since: string;
  readonly usedFor: string;
}

/** Oldest kernel that the programs are made for. */
export const OLDEST_KERNEL = "5.15";

export const KERNEL_FEATURES: readonly KernelFeature[] = [
  {
    feature: "BTF of the kernel (CONFIG_DEBUG_INFO_BTF)",
    since: "5.2",
    usedFor: "finding the kernel's fields (CO-RE)",
  },
  { feature: "BPF_MAP_TYPE_LRU_HASH", since: "4.10", usedFor: "verdicts on processes" },
  {
    feature: "mapped arrays (BPF_F_MMAPABLE)",
    since: "5.5",
    usedFor: "attained CPU time without a system call",
  },
  { feature: "BTF tracepoints (tp_btf)", since: "5.5", usedFor: "every hook" },
  { feature: "bpf_probe_read_user, _kernel", since: "5.5", usedFor: "names, command lines" },
  { feature: "task iterator (iter/task)", since: "5.8", usedFor: "adopting processes that run already" },
  { feature: "BPF_MAP_TYPE_RINGBUF", since: "5.8", usedFor: "events" },
  { feature: "task storage in tracing programs", since: "5.11", usedFor: "invocation of a task" },
  {
    feature: "atomic compare-and-exchange, fetch-and-add (-mcpu=v3)",
    since: "5.12",
    usedFor: "slots, counters",
  },
  { feature: "task_struct.__state (was: state)", since: "5.14", usedFor: "telling preempted from blocked" },
  {
    feature: "bpf_timer (not with PREEMPT_RT)",
    since: "5.15",
    usedFor: "the end of a warm invocation without another request; optional",
  },
  {
    feature: "task_struct.start_boottime (was: real_start_time)",
    since: "5.5",
    usedFor: "telling a task from a later one of the same id",
  },
  {
    feature: "task_struct.in_execve",
    since: "2.6.32",
    usedFor: "leaving exec's own renaming aside; optional",
  },
  {
    feature: "task_struct.wake_cpu, .on_cpu (CONFIG_SMP)",
    since: "3.15",
    usedFor: "where a waiting task is queued",
  },
  {
    feature: "tracepoint contention_begin",
    since: "5.19",
    usedFor: "not demoting who waits for a lock in the kernel, which others wait for, too; optional",
  },
  {
    feature: "tracepoint cgroup_attach_task (CONFIG_CGROUPS)",
    since: "5.0",
    usedFor: "processes that change cgroup",
  },
];

/** Compares `6.12.3-cloud` with `5.15` by their first two numbers: negative where `a` is older. */
export function compareKernels(a: string, b: string): number {
  const numbers = (version: string) => version.split(/[.-]/).map((part) => parseInt(part, 10));
  const [a1 = 0, a2 = 0] = numbers(a), [b1 = 0, b2 = 0] = numbers(b);
  return a1 - b1 || a2 - b2;
}

/** What of the machine the check looks at; replaced in tests. */
export interface Machine {
  uid(): number | null;
  kernelRelease(): string;
  exists(path: string): boolean;
}

/** Whether eBPF programs have timers: kernels with PREEMPT_RT refuse programs that use them. */
export function hasTimers(machine: Pick<Machine, "exists"> = thisMachine): boolean {
  return !machine.exists("/sys/kernel/realtime");
}

/** Whether eBPF programs can see who waits for a lock in the kernel. */
export function seesLocks(machine: Pick<Machine, "kernelRelease"> = thisMachine): boolean {
  return compareKernels(machine.kernelRelease(), "5.19") >= 0;
}

/** Throws {@link NotSupportedError}, naming what is missing and how to get it, where observation cannot work. */
export function requireObservable(machine: Machine = thisMachine): void {
  if (machine.uid() !== 0) {
    throw new NotSupportedError("cannot load eBPF programs: not root", "run alps-agent as root (sudo)");
  }
  const release = machine.kernelRelease();
  if (compareKernels(release, OLDEST_KERNEL) < 0) {
    throw new NotSupportedError(
      `cannot observe on Linux ${release}: no task storage and ring buffer as needed`,
      `Linux ${OLDEST_KERNEL} or newer is needed`,
    );
  }
  if (!machine.exists("/sys/kernel/btf/vmlinux")) {
    throw new NotSupportedError(
      "cannot load eBPF programs: the kernel has no type information (/sys/kernel/btf/vmlinux)",
      "use a kernel built with CONFIG_DEBUG_INFO_BTF=y, or mount /sys",
    );
  }
}

/** The machine that this runs on. */
export const thisMachine: Machine = {
  uid: () => Deno.uid(),
  kernelRelease: () => Deno.osRelease(),
  exists: (path) => {
    try {
      Deno.statSync(path);
      return true;
    } catch {
      return false;
    }
  },
};
