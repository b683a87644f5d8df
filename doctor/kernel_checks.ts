/** Checks of what observing and enforcing need from the kernel and from this process's privileges. */

import { effectiveCapabilities } from "../ffi/capabilities.ts";
import { compareKernels, OLDEST_KERNEL } from "../observe/kernel_features.ts";
import type { Check } from "./check.ts";
import { type Machine, readText } from "./machine.ts";
import type { Probe } from "./probe.ts";

const AS_ROOT = "run alps-agent as root (sudo)";
const BTF_PATH = "/sys/kernel/btf/vmlinux";

export function checkKernel(machine: Machine): Check {
  const release = machine.kernelRelease();
  const found = `Linux ${release}`;
  if (compareKernels(release, OLDEST_KERNEL) >= 0) return { id: "kernel", status: "ok", found };
  return {
    id: "kernel",
    status: "missing",
    found: `${found}: older than ${OLDEST_KERNEL}`,
    remedy: `use Linux ${OLDEST_KERNEL} or newer`,
  };
}

export function checkRoot(machine: Machine): Check {
  const uid = machine.uid();
  if (uid === 0) return { id: "root", status: "ok", found: "user 0" };
  return { id: "root", status: "missing", found: `user ${uid ?? "unknown"}`, remedy: AS_ROOT };
}

/** The effective capabilities of this process, from /proc/self/status (proc(5)). */
export function checkCapabilities(machine: Machine): Check {
  const id = "capabilities";
  const has = effectiveCapabilities(readText(machine, "/proc/self/status") ?? "");
  if (!has) return { id, status: "unknown", found: "/proc/self/status does not tell" };
  // CAP_SYS_ADMIN includes the two that were split off from it in Linux 5.8.
  const bpf = has("CAP_SYS_ADMIN") ? [] : (["CAP_BPF", "CAP_PERFMON"] as const).filter((name) => !has(name));
  const needed = [...bpf, ...has("CAP_SYS_NICE") ? [] : ["CAP_SYS_NICE"]];
  if (needed.length > 0) {
    const remedy = `give it ${needed.join(", ")} (a container: run it privileged)`;
    return { id, status: "missing", found: `without ${needed.join(", ")}`, remedy };
  }
  if (!has("CAP_SYS_PTRACE")) {
    return {
      id,
      status: "limited",
      found: "without CAP_SYS_PTRACE: executables of other users' processes cannot be read",
      remedy: "give it CAP_SYS_PTRACE",
    };
  }
  const held = has("CAP_SYS_ADMIN") ? "CAP_SYS_ADMIN" : "CAP_BPF, CAP_PERFMON";
  return { id, status: "ok", found: `${held}, CAP_SYS_NICE, CAP_SYS_PTRACE` };
}

export function checkBtf(machine: Machine): Check {
  if (machine.exists(BTF_PATH)) return { id: "btf", status: "ok", found: BTF_PATH };
  return {
    id: "btf",
    status: "missing",
    found: `no type information of the kernel (${BTF_PATH})`,
    remedy: "use a kernel built with CONFIG_DEBUG_INFO_BTF=y, or mount /sys",
  };
}

/** Whether the kernel makes the maps, loads the programs and gives the class that the agent needs. */
export function checkProbe(probe: Probe | undefined): Check[] {
  if (probe === undefined) {
    const ids = ["ring_buffer", "task_storage", "programs", "realtime"] as const;
    return ids.map((id) => ({
      id,
      status: "unknown",
      found: "asking the kernel needs root",
      remedy: AS_ROOT,
    }));
  }
  const map = (id: "ring_buffer" | "task_storage", made: boolean, option: string): Check =>
    made ? { id, status: "ok", found: "the kernel makes such maps" } : {
      id,
      status: "missing",
      found: "the kernel makes no such maps",
      remedy: `use a kernel built with ${option}, and without lockdown`,
    };
  return [
    map("ring_buffer", probe.ringBuffer, "CONFIG_BPF_SYSCALL=y"),
    map("task_storage", probe.taskStorage, "CONFIG_BPF_SYSCALL=y and CONFIG_BPF_EVENTS=y"),
    probe.programs === undefined
      ? { id: "programs", status: "ok", found: "the agent's eBPF programs load" }
      : { id: "programs", status: "missing", found: probe.programs },
    probe.realtime === undefined ? { id: "realtime", status: "ok", found: "SCHED_FIFO is to be had" } : {
      id: "realtime",
      status: "limited",
      found: `${probe.realtime}: the agent reacts late under load`,
      remedy:
        "give it CAP_SYS_NICE; with RT_GROUP_SCHED, run it in a cgroup whose cpu.rt_runtime_us is above 0",
    },
  ];
}
