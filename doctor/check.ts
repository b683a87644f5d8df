/** One thing that the doctor has looked at. */

/** What it means for the agent. */
export type Status =
  /** As it should be. */
  | "ok"
  /** The agent works, with less than it could. */
  | "limited"
  /** Not there, and not needed: a better backend would need it. */
  | "absent"
  /** The agent cannot enforce without it. */
  | "missing"
  /** Could not be found out. */
  | "unknown";

/** Names of the checks, in the order in which they are shown. Part of the documented output. */
export const CHECK_IDS = [
  "kernel",
  "root",
  "capabilities",
  "btf",
  "ring_buffer",
  "task_storage",
  "programs",
  "realtime",
  "cgroup",
  "autogroup",
  "sched_ext",
  "patched_kernel",
  "lock",
  "platforms",
] as const;

export interface Check {
  readonly id: typeof CHECK_IDS[number];
  readonly status: Status;
  /** What is there, on one line. */
  readonly found: string;
  /** What to change for "ok", on one line; undefined where nothing needs to be or can be changed. */
  readonly remedy?: string | undefined;
}
