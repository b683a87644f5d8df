/** Checks of the kernel's scheduler: what can order functions better, and what stands in the way of ordering them. */

import { Buffer } from "node:buffer";
import { effectiveCapabilities } from "../ffi/capabilities.ts";
import { compareKernels } from "../observe/kernel_features.ts";
import { CFS_INTERFACE, cfsState } from "../enforce/cfs_support.ts";
import { SCHED_EXT_REMEDY, SCHED_EXT_SINCE, schedExtState } from "../enforce/scx_support.ts";
import type { Check } from "./check.ts";
import { configOption, readKernelConfig } from "./kernel_config.ts";
import { type Machine, readText } from "./machine.ts";
import type { Probe } from "./probe.ts";

/** The name of our scheduler (bpf/scx.bpf.c), as the kernel begins what it shows. */
const OUR_SCHEDULER = "alps";

/**
 * A kernel with our patch of CFS is known by this function in its type information: the hook that a BPF program answers
 * with a task's rank.
 */
export const PATCH_FUNCTION = "alps_cfs_rank";

/** Whether the kernel orders processes of different sessions in groups of their own (sched(7), "The autogroup feature"). */
export function checkAutogroup(machine: Machine): Check {
  const id = "autogroup";
  const enabled = readText(machine, "/proc/sys/kernel/sched_autogroup_enabled");
  if (enabled === undefined) return { id, status: "ok", found: "not in this kernel" };
  if (enabled === "0") return { id, status: "ok", found: "off" };
  const found = "on: sessions in the top cgroup of the cpu controller share the CPUs as groups of their own";
  const elsewhere =
    "start functions in one session or in a cgroup, or set kernel.sched_autogroup_enabled=0 before they start";
  const has = effectiveCapabilities(readText(machine, "/proc/self/status") ?? "");
  if (has && !has("CAP_SYS_ADMIN")) {
    return {
      id,
      status: "limited",
      found: `${found}, which takes CAP_SYS_ADMIN to order`,
      remedy: `give it CAP_SYS_ADMIN, or ${elsewhere}`,
    };
  }
  return {
    id,
    status: "limited",
    found: `${found}, which are ordered by their weights`,
    remedy: `for a better order ${elsewhere}`,
  };
}

/**
 * sched_ext, from the running kernel itself, then from its configuration.
 *
 * @param probe what the kernel said about our scheduler; undefined where it could not be asked
 */
export function checkSchedExt(machine: Machine, probe: Pick<Probe, "scheduler"> | undefined): Check {
  const id = "sched_ext";
  const state = schedExtState({ readText: (path) => readText(machine, path) });
  if (state.kind === "taken") {
    if (state.scheduler.startsWith(OUR_SCHEDULER)) {
      return { id, status: "ok", found: "in this kernel, the agent's scheduler is loaded" };
    }
    return {
      id,
      status: "limited",
      found:
        `a scheduler is loaded (${state.scheduler}, ${state.state}): the order of the agent counts as far as ` +
        "it heeds nice values",
      remedy: "stop that scheduler",
    };
  }
  if (state.kind === "free") {
    if (probe?.scheduler === undefined) {
      return { id, status: "ok", found: "in this kernel, no scheduler loaded" };
    }
    const found = `in this kernel, but it refuses the agent's scheduler: ${probe.scheduler}`;
    return { id, status: "absent", found, remedy: "use --backend stock" };
  }
  const release = machine.kernelRelease(), remedy = SCHED_EXT_REMEDY;
  if (compareKernels(release, SCHED_EXT_SINCE) < 0) {
    return { id, status: "absent", found: `not before Linux ${SCHED_EXT_SINCE}`, remedy };
  }
  const config = readKernelConfig(machine);
  if (config === undefined) {
    return { id, status: "unknown", found: "the kernel's configuration cannot be found", remedy };
  }
  if (configOption(config, "CONFIG_SCHED_CLASS_EXT") === "y") {
    const found = `in this kernel (${config.path}), but /sys/kernel/sched_ext is not there`;
    return { id, status: "unknown", found, remedy: "mount /sys" };
  }
  return { id, status: "absent", found: `CONFIG_SCHED_CLASS_EXT is not set (${config.path})`, remedy };
}

/**
 * Whether the kernel has our patch of CFS, with the interface that the agent knows.
 *
 * @param probe what the kernel said about our programs for it; undefined where it could not be asked
 */
export function checkPatch(machine: Machine, probe: Pick<Probe, "hooks"> | undefined): Check {
  const id = "patched_kernel";
  const types = machine.read("/sys/kernel/btf/vmlinux");
  if (types === undefined) {
    return { id, status: "unknown", found: "the kernel's type information cannot be read" };
  }
  // Names stand between zeros in the type information's text.
  if (!Buffer.from(types.buffer).includes(`\0${PATCH_FUNCTION}\0`)) {
    return { id, status: "absent", found: `no function ${PATCH_FUNCTION} in the kernel's type information` };
  }
  const found = `this kernel has ${PATCH_FUNCTION}`;
  const version = cfsState((path) => readText(machine, path))?.version;
  if (version !== undefined && version !== CFS_INTERFACE) {
    return {
      id,
      status: "absent",
      found: `${found} of interface version ${version}, the agent knows version ${CFS_INTERFACE}`,
      remedy: "use the kernel patch that this agent comes with, or --backend stock",
    };
  }
  if (probe?.hooks === undefined) return { id, status: "ok", found };
  return {
    id,
    status: "absent",
    found: `${found}, but refuses the agent's programs: ${probe.hooks}`,
    remedy: "use --backend stock",
  };
}
