/** Whether this machine's kernel takes a scheduler of ours (sched_ext), and whether it has one already. */

import { NotSupportedError } from "../ffi/errors.ts";
import { compareKernels } from "../observe/kernel_features.ts";
import { shown } from "../observe/names.ts";
import { readIfThere } from "../observe/read_file.ts";

/** The kernel that brought sched_ext. */
export const SCHED_EXT_SINCE = "6.12";

/** What would help where it is missing. */
export const SCHED_EXT_REMEDY = `use Linux ${SCHED_EXT_SINCE} or newer, built with CONFIG_SCHED_CLASS_EXT=y`;

const FOLDER = "/sys/kernel/sched_ext";

/** What of the machine is looked at; replaced in tests. */
export interface SchedExtMachine {
  kernelRelease(): string;
  /** A file's text without the line's end; undefined where it cannot be read. */
  readText(path: string): string | undefined;
}

/** As the kernel says it. */
export type SchedExtState =
  | { readonly kind: "absent" }
  | { readonly kind: "free" }
  /** A scheduler is loaded, or comes or goes at this moment. */
  | { readonly kind: "taken"; readonly scheduler: string; readonly state: string };

/** Reads it. Documentation/scheduler/sched-ext.rst in the kernel source. */
export function schedExtState(machine: Pick<SchedExtMachine, "readText">): SchedExtState {
  const state = machine.readText(`${FOLDER}/state`);
  if (state === undefined) return { kind: "absent" };
  if (state === "disabled") return { kind: "free" };
  const scheduler = shown(machine.readText(`${FOLDER}/root/ops`) ?? "unknown");
  return { kind: "taken", scheduler, state: shown(state) };
}

/** Throws {@link NotSupportedError}, with what would help, where the backend cannot be used. */
export function requireSchedExt(machine: SchedExtMachine = thisMachine): void {
  const state = schedExtState(machine);
  if (state.kind === "free") return;
  if (state.kind === "taken") {
    throw new NotSupportedError(
      `cannot load the scheduler: another one is loaded (${state.scheduler}, ${state.state})`,
      "stop that scheduler, or use --backend stock",
    );
  }
  const release = machine.kernelRelease();
  const reason = compareKernels(release, SCHED_EXT_SINCE) < 0
    ? `Linux ${release} has no sched_ext`
    : `Linux ${release} has been built without sched_ext (CONFIG_SCHED_CLASS_EXT)`;
  throw new NotSupportedError(`cannot load the scheduler: ${reason}`, SCHED_EXT_REMEDY);
}

/** The machine that this runs on. */
export const thisMachine: SchedExtMachine = {
  kernelRelease: () => Deno.osRelease(),
  readText: (path) => readIfThere(path)?.trimEnd(),
};
