/** What is asked about cgroups of the cpu controller. */

/**
 * The number that the kernel knows a cgroup by, which another one that is made under the same path does not have; `gone` where
 * there is none; undefined where that cannot be told.
 */
export type CgroupId = number | "gone" | undefined;

/** Where cgroups of the cpu controller are. */
export interface Cgroups {
  /** Processes in one, and in those below it. */
  processesIn(cgroup: string): Iterable<number>;
  idOf(cgroup: string): CgroupId;
}
