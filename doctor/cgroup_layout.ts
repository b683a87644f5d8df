/** Which versions of cgroups a machine uses, and where the cpu controller is. */

import { cgroupHierarchies, findCgroupMount } from "../enforce/cgroup_mount.ts";
import { shown } from "../observe/names.ts";
import type { Check } from "./check.ts";
import { type Machine, readText } from "./machine.ts";

/** The hierarchies that are mounted. */
export interface CgroupLayout {
  readonly version: "v1" | "v2" | "hybrid" | "none";
  /** The hierarchy of the cpu controller; undefined where it is mounted nowhere as a whole. */
  readonly cpu: { version: 1 | 2; path: string } | undefined;
  /** The hierarchy of version 2; undefined where there is none. */
  readonly unified: string | undefined;
  /** Controllers by hierarchy: of version 1 as mounted together, of version 2 as its top has them. */
  readonly controllers: readonly { path: string; names: readonly string[] }[];
}

/** Reads the layout from the mounts that this process sees. */
export function cgroupLayout(machine: Machine): CgroupLayout {
  const hierarchies = cgroupHierarchies(
    readText(machine, "/proc/self/mountinfo") ?? "",
    (folder) => readText(machine, `${folder}/cgroup.controllers`) ?? "",
  );
  // A hierarchy of version 1 says which controllers it has among its options; `name=…` is one without any.
  const known = new Set(
    (readText(machine, "/proc/cgroups") ?? "").split("\n").map((line) => line.split("\t")[0] ?? ""),
  );
  const first = hierarchies.filter(({ version }) => version === 1).map(({ path, words }) => ({
    path,
    names: words.filter((word) => known.has(word)),
  }));
  const unified = hierarchies.find(({ version }) => version === 2);
  const withControllers = first.filter((hierarchy) => hierarchy.names.length > 0);
  const cpu = findCgroupMount(hierarchies);
  return {
    version: unified === undefined ? first.length > 0 ? "v1" : "none" : first.length > 0 ? "hybrid" : "v2",
    cpu: cpu && { version: cpu.version, path: cpu.path },
    unified: unified?.path,
    controllers: unified === undefined
      ? withControllers
      : [...withControllers, { path: unified.path, names: unified.words }],
  };
}

export function checkCgroup(machine: Machine): Check {
  const { version, cpu, controllers } = cgroupLayout(machine);
  const id = "cgroup";
  if (version === "none") {
    const remedy = "mount a cgroup hierarchy if functions have cgroups of their own";
    return { id, status: "limited", found: "no hierarchy is mounted", remedy };
  }
  const list = controllers.map(({ path, names }) => `${shown(path)}: ${names.join(" ") || "none"}`).join(
    "; ",
  );
  if (cpu === undefined) {
    return {
      id,
      status: "limited",
      found: `${version}, the cpu controller is in no hierarchy that is mounted as a whole (${list})`,
      remedy: "mount the cpu controller if functions have cgroups of their own",
    };
  }
  const where = `${version}, cpu controller in version ${cpu.version} at ${shown(cpu.path)}`;
  if (cpu.version === 2) {
    const below = readText(machine, `${cpu.path}/cgroup.subtree_control`) ?? "";
    const on = below.split(" ").includes("cpu") ? "on" : "off";
    return { id, status: "ok", found: `${where}, ${on} for the groups below the top` };
  }
  return { id, status: "ok", found: where };
}
