/** Discovery on this machine: its sources. */

import type { Cgroups } from "../observe/cgroups.ts";
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
export function makeDiscovery(options: DiscoveryOptions, cgroups: Pick<Cgroups, "idOf">): Discovery {
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
  ], (cgroup) => cgroups.idOf(cgroup));
}

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
