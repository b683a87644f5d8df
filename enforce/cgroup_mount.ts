/** Where the cpu controller's cgroups are: version 1, version 2, or both mounted and one of them with the controller. */

import { readIfThere } from "../observe/read_file.ts";

/** A hierarchy of cgroups with the cpu controller. */
export interface CgroupMount {
  /** Its root's folder. */
  readonly path: string;
  readonly version: 1 | 2;
  /** Name of the file with a cgroup's weight. */
  readonly weightFile: "cpu.shares" | "cpu.weight";
  /** The smallest that can be written into it: 2 of 1024 in version 1, 1 of 100 in version 2. */
  readonly leastWeight: "1" | "2";
}

/** A hierarchy of cgroups, with whatever controllers. */
export interface CgroupHierarchy {
  readonly version: 1 | 2;
  /** Where it is mounted. */
  readonly path: string;
  /** Whether that is its root's folder, rather than one further down. */
  readonly whole: boolean;
  /** Its controllers; of version 1 with the other options that it was mounted with. */
  readonly words: readonly string[];
}

/**
 * Reads the text of `/proc/self/mountinfo` (proc(5)).
 * @param controllersOf what a version 2 folder's `cgroup.controllers` says; "" where it cannot be read
 */
export function cgroupHierarchies(
  mountinfo: string,
  controllersOf: (folder: string) => string,
): CgroupHierarchy[] {
  return mountinfo.split("\n").flatMap((line): CgroupHierarchy[] => {
    // ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS [FIELD]... - TYPE SOURCE SUPEROPTIONS
    const [head, tail] = line.split(" - ", 2), fields = head!.split(" ");
    const [type, , superOptions = ""] = (tail ?? "").split(" ");
    const path = unescapeMount(fields[4] ?? ""), whole = fields[3] === "/";
    if (type === "cgroup") return [{ version: 1, path, whole, words: superOptions.split(",") }];
    if (type !== "cgroup2") return [];
    return [{
      version: 2,
      path,
      whole,
      words: controllersOf(path).split(/\s+/).filter((word) => word !== ""),
    }];
  });
}

/**
 * The one with the cpu controller. Version 1 goes first: where it has the controller, version 2 cannot have it.
 * @returns undefined where no hierarchy with the controller is mounted as a whole
 */
export function findCgroupMount(hierarchies: readonly CgroupHierarchy[]): CgroupMount | undefined {
  const found = hierarchies.filter(({ whole, words }) => whole && words.includes("cpu"));
  const first = found.find(({ version }) => version === 1), [second] = found;
  if (first) return { path: first.path, version: 1, weightFile: "cpu.shares", leastWeight: "2" };
  return second && { path: second.path, version: 2, weightFile: "cpu.weight", leastWeight: "1" };
}

/** A path as the kernel's lists of mounts write it: space, tab, line feed and backslash as octal numbers, `\040`. */
export function unescapeMount(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

/** The hierarchies that are mounted where `read` reads. */
export function mountedHierarchies(read: (path: string) => string | undefined): CgroupHierarchy[] {
  return cgroupHierarchies(
    read("/proc/self/mountinfo") ?? "",
    (folder) => read(`${folder}/cgroup.controllers`) ?? "",
  );
}

/** This machine's. */
export function cgroupMount(): CgroupMount | undefined {
  return findCgroupMount(mountedHierarchies(readIfThere));
}
