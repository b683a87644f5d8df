/** The cgroups of the cpu controller, by their folders. */

import { cgroupMount } from "../enforce/cgroup_mount.ts";
import type { CgroupId, Cgroups } from "../observe/cgroups.ts";

/** Looks into the folders below one mount. The mount is found once: a list of mounts can be long where containers run. */
export class CgroupFolders implements Cgroups {
  /** @param root where the hierarchy with the cpu controller is mounted; undefined where it is not, or not as a whole */
  constructor(readonly root: string | undefined) {}

  /** A cgroup's id is its folder's inode. */
  idOf(cgroup: string): CgroupId {
    const folder = this.#folderOf(cgroup);
    if (folder === undefined) return undefined;
    try {
      return Deno.statSync(folder).ino ?? undefined;
    } catch (error) {
      return error instanceof Deno.errors.NotFound ? "gone" : undefined;
    }
  }

  /** The processes in a cgroup, and in those below it. */
  *processesIn(cgroup: string): Generator<number> {
    const root = this.#folderOf(cgroup);
    const pending = root === undefined ? [] : [root];
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      try {
        for (const line of Deno.readTextFileSync(`${folder}/cgroup.procs`).split("\n")) {
          if (line !== "" && line !== "0") yield Number(line);
        }
        for (const { name, isDirectory } of Deno.readDirSync(folder)) {
          if (isDirectory) pending.push(`${folder}/${name}`);
        }
      } catch {
        continue; // gone
      }
    }
  }

  /** Undefined where a path is not the whole one: the agent is in a cgroup namespace of its own. */
  #folderOf(cgroup: string): string | undefined {
    return this.root === undefined || cgroup.split("/").includes("..") ? undefined : this.root + cgroup;
  }
}

/** This machine's. */
export function thisMachinesCgroups(): CgroupFolders {
  return new CgroupFolders(cgroupMount()?.path);
}
