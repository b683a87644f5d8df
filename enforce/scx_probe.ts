/** Asking the kernel whether it takes the scheduler: it is loaded, never put in force, and closed again. */

import { NotSupportedError } from "../ffi/errors.ts";
import { Libbpf } from "../ffi/libbpf.ts";
import { openScheduler } from "./scx_scheduler.ts";
import { requireSchedExt } from "./scx_support.ts";

/** Why the kernel refuses the scheduler, on one line; undefined where it takes it. */
export function schedulerProblem(library: Libbpf): string | undefined {
  try {
    using object = openScheduler(library);
    object.load();
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.split("\n").map((line) => line.trim()).join("; ");
  }
}

/** Throws {@link NotSupportedError}, naming what is missing, where the scheduler cannot be loaded. */
export function requireScheduler(): void {
  requireSchedExt();
  using library = new Libbpf();
  const problem = schedulerProblem(library);
  if (problem === undefined) return;
  throw new NotSupportedError(
    `cannot load the scheduler: the kernel refuses it: ${problem}`,
    "use --backend stock",
  );
}
