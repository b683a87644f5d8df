/** Discovery on this machine: its sources, and where its cgroups are. */

import { cgroupMount } from "../enforce/cgroup_mount.ts";
import { Bundles } from "../observe/discover/bundles.ts";
import { ContainerdSource } from "../observe/discover/containerd.ts";
import { Discovery } from "../observe/discover/discovery.ts";
import { DockerSource } from "../observe/discover/docker.ts";
import { DockerEngine, dockerSocket } from "../observe/discover/docker_engine.ts";

/** What discovery is told. */
export interface DiscoveryOptions {
  /** The agent's environment: `DOCKER_HOST` and the like. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Discovery by everything that this build knows. */
export function makeDiscovery({ env }: DiscoveryOptions): Discovery {
  const bundles = new Bundles(), socket = dockerSocket(env["DOCKER_HOST"]);
  return new Discovery([
    ...socket === undefined ? [] : [new DockerSource(new DockerEngine(socket))],
    new ContainerdSource(bundles),
  ], cgroupIsThere);
}

/** The folder of a cgroup of the cpu controller; undefined where there is none, or its path is not the whole one. */
function folderOf(cgroup: string): string | undefined {
  const mount = cgroupMount();
  return mount === undefined || cgroup.split("/").includes("..") ? undefined : mount.path + cgroup;
}

function cgroupIsThere(cgroup: string): boolean | undefined {
  const folder = folderOf(cgroup);
  if (folder === undefined) return undefined;
  try {
    Deno.statSync(folder);
    return true;
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? false : undefined;
  }
}

/** The processes in a cgroup of the cpu controller, and in those below it. */
export function* processesIn(cgroup: string): Generator<number> {
  const root = folderOf(cgroup);
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
