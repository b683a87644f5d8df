/** Where the cpu controller's cgroups are: version 1, version 2, or both mounted and one of them with the controller. */

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

/**
 * Finds it in the text of `/proc/self/mountinfo` (proc(5)). Version 1 goes first: where it has the controller, version 2
 * cannot have it.
 * @param controllersOf what a version 2 root's `cgroup.controllers` says; "" where it cannot be read
 * @returns undefined where no hierarchy with the controller is mounted as a whole
 */
export function findCgroupMount(
  mountinfo: string,
  controllersOf: (folder: string) => string,
): CgroupMount | undefined {
  const mounts = mountinfo.split("\n").filter((line) => line !== "").map((line) => {
    // ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS [FIELD]... - TYPE SOURCE SUPEROPTIONS
    const [head, tail] = line.split(" - ", 2), fields = head!.split(" ");
    const [type = "", , superOptions = ""] = (tail ?? "").split(" ");
    return { root: fields[3], path: unescapeMount(fields[4] ?? ""), type, superOptions };
  }).filter(({ root }) => root === "/");
  const first = mounts.find(({ type, superOptions }) =>
    type === "cgroup" && superOptions.split(",").includes("cpu")
  );
  if (first) return { path: first.path, version: 1, weightFile: "cpu.shares", leastWeight: "2" };
  const second = mounts.find(({ type, path }) =>
    type === "cgroup2" && controllersOf(path).split(/\s+/).includes("cpu")
  );
  return second && { path: second.path, version: 2, weightFile: "cpu.weight", leastWeight: "1" };
}

/** A path as the kernel's lists of mounts write it: space, tab, line feed and backslash as octal numbers, `\040`. */
export function unescapeMount(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

/** This machine's. */
export function cgroupMount(): CgroupMount | undefined {
  const read = (path: string): string => {
    try {
      return Deno.readTextFileSync(path);
    } catch {
      return "";
    }
  };
  return findCgroupMount(
    read("/proc/self/mountinfo"),
    (folder) => read(`${folder}/cgroup.controllers`).trim(),
  );
}
