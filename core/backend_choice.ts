/** Which backend an agent takes, and why. */

import { requireScheduler } from "../enforce/scx_probe.ts";
import { NotSupportedError } from "../ffi/errors.ts";

/** What orders, or nothing. */
export type BackendName = "scx" | "stock" | "none";

export interface BackendChoice {
  readonly backend: BackendName;
  /** Of `auto`: one line for people. */
  readonly why?: string;
}

/**
 * Takes what is wanted; of `auto` the first that works.
 *
 * @param requireScx throws NotSupportedError where the scheduler cannot be loaded
 * @throws NotSupportedError where what is wanted by name cannot be used here
 */
export function chooseBackend(
  wanted: BackendName | "auto",
  requireScx: () => void = requireScheduler,
): BackendChoice {
  if (wanted !== "auto" && wanted !== "scx") return { backend: wanted };
  try {
    requireScx();
  } catch (error) {
    if (wanted === "scx" || !(error instanceof NotSupportedError)) throw error;
    return { backend: "stock", why: error.reason };
  }
  return wanted === "scx" ? { backend: "scx" } : { backend: "scx", why: "the kernel takes schedulers" };
}
