/** Asking the kernel itself: what a version or an option promises is not always to be had. Nothing stays loaded or set. */

import { becomeRealtime } from "../core/realtime.ts";
import { hooksProblem } from "../enforce/cfs_probe.ts";
import { cfsState } from "../enforce/cfs_support.ts";
import { schedulerProblem } from "../enforce/scx_probe.ts";
import { schedExtState, thisMachine } from "../enforce/scx_support.ts";
import { readAsset } from "../ffi/assets.ts";
import { errnoName } from "../ffi/errors.ts";
import { Libbpf } from "../ffi/libbpf.ts";
import { Libc } from "../ffi/libc.ts";
import { hasTimers } from "../observe/kernel_features.ts";
import { loadPrograms } from "../observe/observer.ts";

/** `enum bpf_map_type` (include/uapi/linux/bpf.h). */
const BPF_MAP_TYPE_RINGBUF = 27, BPF_MAP_TYPE_TASK_STORAGE = 29;

/** What the kernel answered. */
export interface Probe {
  /** Whether it makes maps of these types. */
  readonly ringBuffer: boolean;
  readonly taskStorage: boolean;
  /** Why the agent's own programs cannot be loaded, on one line; undefined where they can. */
  readonly programs: string | undefined;
  /** Why the kernel refuses the scheduler of the backend scx, on one line; undefined where it takes it, or has no sched_ext. */
  readonly scheduler: string | undefined;
  /** Why the kernel refuses the programs of the backend cfs, on one line; undefined where it takes them, or is not patched. */
  readonly hooks: string | undefined;
  /** Why a thread cannot have the real-time class; undefined where it can. */
  readonly realtime: string | undefined;
}

/** Asks. Needs the privileges of the agent. */
export function probeKernel(): Probe {
  using library = new Libbpf();
  return {
    ringBuffer: library.makesMap(BPF_MAP_TYPE_RINGBUF),
    taskStorage: library.makesMap(BPF_MAP_TYPE_TASK_STORAGE),
    programs: programsProblem(library),
    scheduler: schedExtState(thisMachine).kind === "free" ? schedulerProblem(library) : undefined,
    hooks: cfsState() !== undefined ? hooksProblem(library) : undefined,
    realtime: realtimeProblem(),
  };
}

/** Loads the programs without attaching them, and closes them again. */
function programsProblem(library: Libbpf): string | undefined {
  try {
    using object = library.open(readAsset("bpf/observe.bpf.o"), "observe");
    object.setConstants({ has_timers: hasTimers() ? 1 : 0 });
    loadPrograms(object);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.split("\n").map((line) => line.trim()).join("; ");
  }
}

/** Gives this thread the class of the agent's event thread for a moment; it may stay in the top cgroup. */
function realtimeProblem(): string | undefined {
  using libc = new Libc();
  const before = libc.getAttr(0);
  if (typeof before === "number") return errnoName(-before);
  const { realtime, note } = becomeRealtime(libc);
  libc.setAttr(0, before);
  return realtime ? undefined : note;
}
