/** OCI bundles as containerd keeps them, for cgroups that the tests make themselves. */

import type { Place } from "./agent_process.ts";

/** containerd's folder of running containers, in a place's /run. */
export const TASKS = "containerd/io.containerd.runtime.v2.task";

/** Writes a bundle's configuration as it is: it may be none. */
export function writeConfig(place: Place, namespace: string, id: string, config: string): void {
  const folder = `${place.folder}/run/${TASKS}/${namespace}/${id}`;
  Deno.mkdirSync(folder, { recursive: true });
  Deno.writeTextFileSync(`${folder}/config.json`, config);
}

/** The configuration of a container whose cgroup the runtime was told to be `cgroupsPath`. */
export function bundle(cgroupsPath: string, annotations: Record<string, string>): object {
  return { ociVersion: "1.0.2", process: { env: [], args: ["x"] }, annotations, linux: { cgroupsPath } };
}

/** Writes a bundle. */
export function writeBundle(
  place: Place,
  namespace: string,
  id: string,
  cgroupsPath: string,
  annotations: Record<string, string>,
): void {
  writeConfig(place, namespace, id, JSON.stringify(bundle(cgroupsPath, annotations)));
}
