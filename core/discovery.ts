/** Discovery on this machine: its sources, and where its cgroups are. */

import { cgroupMount } from "../enforce/cgroup_mount.ts";
import type { Cgroups } from "../observe/classifier.ts";
import { Bundles } from "../observe/discover/bundles.ts";
import { ContainerdSource } from "../observe/discover/containerd.ts";
import { Discovery } from "../observe/discover/discovery.ts";
import { DockerSource } from "../observe/discover/docker.ts";
import { DockerEngine, dockerSocket } from "../observe/discover/docker_engine.ts";
import { FirecrackerSource } from "../observe/discover/firecracker.ts";
import { KubernetesSource } from "../observe/discover/kubernetes.ts";
import { OpenLambdaSource } from "../observe/discover/openlambda.ts";
import type { WorkerConfig } from "../observe/discover/worker_config.ts";
import { CREDENTIALS, PodApi, serverInCluster } from "../observe/discover/pod_api.ts";

/** What discovery is told. */
export interface DiscoveryOptions {
  /** The Kubernetes API; undefined: where the environment says that this is a pod. */
  readonly kubernetes?: URL | undefined;
  readonly kubernetesCredentials?: string | undefined;
  readonly nodeName?: string | undefined;
  /** OpenLambda's workers, each of which serves one function. */
  readonly workers?: readonly WorkerConfig[] | undefined;
  /** The agent's environment: `DOCKER_HOST` and the like. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Discovery by everything that this build knows. */
export function makeDiscovery(options: DiscoveryOptions): Discovery {
  const { env } = options, bundles = new Bundles(), socket = dockerSocket(env["DOCKER_HOST"]);
  const url = options.kubernetes ?? serverInCluster(env);
  const pods = url && new PodApi({
    url,
    nodeName: options.nodeName ?? Deno.hostname(),
    credentials: options.kubernetesCredentials ?? CREDENTIALS,
  });
  return new Discovery([
    new KubernetesSource(bundles, pods),
    ...socket === undefined ? [] : [new DockerSource(new DockerEngine(socket))],
    new OpenLambdaSource(options.workers ?? []),
    new ContainerdSource(bundles),
    new FirecrackerSource(),
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

/** A cgroup's id is its folder's inode. */
function idOf(cgroup: string): number | undefined {
  const folder = folderOf(cgroup);
  try {
    return folder === undefined ? undefined : Deno.statSync(folder).ino ?? undefined;
  } catch {
    return undefined;
  }
}

/** The processes in a cgroup of the cpu controller, and in those below it. */
function* processesIn(cgroup: string): Generator<number> {
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

/** The cgroups of the cpu controller on this machine. */
export const thisMachinesCgroups: Cgroups = { processesIn, idOf };

/** How long sources have to look around before it is told what they found, and how often it is looked whether that changes. */
const FIRST_LOOK_MS = 1000, LOOK_MS = 5000;

/** What is said in the log. */
export interface DiscoveryLog {
  info(text: string, properties: Record<string, unknown>): void;
  warning(text: string, properties: Record<string, unknown>): void;
}

/** Says where functions are found, and when that changes. Returns what ends it. */
export function announceSources(discovery: Pick<Discovery, "reports">, log: DiscoveryLog): Disposable {
  const told = new Map<string, string>();
  const look = () => {
    for (const { name, state, detail } of discovery.reports()) {
      const text = `${state} ${state === "working" ? "" : detail}`;
      if (told.get(name) === text) continue;
      const first = !told.has(name);
      told.set(name, text);
      if (state === "failing") log.warning("discovery: {name} fails: {detail}", { name, detail });
      else if (state === "working") log.info("discovery: {name} at {detail}", { name, detail });
      else if (!first) log.warning("discovery: {name} is gone: {detail}", { name, detail });
    }
  };
  let timer: ReturnType<typeof setInterval>;
  const begin = setTimeout(() => {
    look();
    timer = setInterval(look, LOOK_MS);
  }, FIRST_LOOK_MS);
  return {
    [Symbol.dispose]: () => {
      clearTimeout(begin);
      clearInterval(timer);
    },
  };
}
