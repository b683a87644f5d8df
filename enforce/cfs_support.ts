/** Whether this machine's kernel has our patch of CFS (kernel/patches), with hooks that this agent knows. */

import { NotSupportedError } from "../ffi/errors.ts";
import { shown } from "../observe/names.ts";
import { readIfThere } from "../observe/read_file.ts";

/** The kernel shows here what it has, and has its hooks called while it is open for writing. */
export const CFS_SWITCH = "/proc/sched_alps";

/** `SCHED_ALPS_VERSION` in the patch's kernel/sched/alps.h: the hooks' interface that bpf/cfs.bpf.c is written for. */
export const CFS_INTERFACE = 1;

/** What would help where it is missing. */
export const CFS_REMEDY =
  "use a kernel with the agent's patch (kernel/patches), built with CONFIG_SCHED_ALPS=y";

/** What the kernel shows. Documentation/scheduler/sched-alps.rst in the patch. */
export interface CfsState {
  readonly version: number;
  /** Whether somebody has it switched on. */
  readonly enabled: boolean;
  /** Since the machine's start, over all CPUs. */
  readonly swaps: number;
  readonly pulls: number;
  /** How often a task went first because of its wait. */
  readonly late: number;
}

/** Reads it; undefined where the kernel has no such file. */
export function cfsState(readText: (path: string) => string | undefined = readIfThere): CfsState | undefined {
  const text = readText(CFS_SWITCH);
  if (text === undefined) return undefined;
  const values = new Map(text.split("\n").map((line) => line.split(" ") as [string, string]));
  const number = (name: string) => Number(values.get(name) ?? NaN);
  return {
    version: number("version"),
    enabled: number("enabled") === 1,
    swaps: number("swaps"),
    pulls: number("pulls"),
    late: number("late"),
  };
}

/** Throws {@link NotSupportedError}, with what would help, where the backend cannot be used. */
export function requirePatchedCfs(
  readText: (path: string) => string | undefined = readIfThere,
  release: string = Deno.osRelease(),
): void {
  const state = cfsState(readText);
  if (state === undefined) {
    throw new NotSupportedError(
      `cannot order functions inside CFS: Linux ${shown(release)} has been built without CONFIG_SCHED_ALPS`,
      CFS_REMEDY,
    );
  }
  if (state.version !== CFS_INTERFACE) {
    throw new NotSupportedError(
      `cannot order functions inside CFS: the kernel's patch has interface version ${state.version}, ` +
        `this agent knows version ${CFS_INTERFACE}`,
      "use the kernel patch that this agent comes with",
    );
  }
  if (state.enabled) {
    throw new NotSupportedError(
      `cannot order functions inside CFS: another program has ${CFS_SWITCH} open`,
      "stop that program, or use --backend stock",
    );
  }
}
