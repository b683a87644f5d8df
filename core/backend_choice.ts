/** Which backend an agent takes, and why. */

import { requireHooks } from "../enforce/cfs_probe.ts";
import { requireScheduler } from "../enforce/scx_probe.ts";
import { NotSupportedError } from "../ffi/errors.ts";

/** What orders, or nothing. */
export type BackendName = "scx" | "cfs" | "stock" | "none";

/** Backends that order inside the kernel, in the order in which `auto` tries them, and why one is taken. */
const IN_KERNEL = [
  { name: "scx", why: "the kernel takes schedulers" },
  { name: "cfs", why: "the kernel has the patch of CFS" },
] as const;

/** Whether a backend keeps to the policy's slices. With sched_ext each tick compares anyway, which is sooner. */
export function enforcesSlices(backend: string): boolean {
  return backend === "cfs";
}

export interface BackendChoice {
  readonly backend: BackendName;
  /** Of `auto`: one line for people. */
  readonly why?: string;
}

/** Each throws NotSupportedError where its backend cannot be used. */
export type Requirements = Readonly<Record<typeof IN_KERNEL[number]["name"], () => void>>;

/**
 * Takes what is wanted; of `auto` the first that works.
 *
 * @throws NotSupportedError where what is wanted by name cannot be used here
 */
export function chooseBackend(
  wanted: BackendName | "auto",
  require: Requirements = { scx: requireScheduler, cfs: requireHooks },
): BackendChoice {
  const reasons: string[] = [];
  for (const { name, why } of IN_KERNEL) {
    if (wanted !== "auto" && wanted !== name) continue;
    try {
      require[name]();
    } catch (error) {
      if (wanted === name || !(error instanceof NotSupportedError)) throw error;
      reasons.push(error.reason);
      continue;
    }
    return wanted === name ? { backend: name } : { backend: name, why };
  }
  return wanted === "auto" ? { backend: "stock", why: reasons.join("; ") } : { backend: wanted };
}
