/** Where functions can be found without a rule: what of the platforms shows on this machine. */

import { STATE_FOLDERS } from "../observe/discover/bundles.ts";
import { DOCKER_SOCKET } from "../observe/discover/docker_engine.ts";
import { CREDENTIALS } from "../observe/discover/pod_api.ts";
import type { Check } from "./check.ts";
import type { Machine } from "./machine.ts";

export function checkPlatforms(machine: Pick<Machine, "exists">): Check {
  const id = "platforms";
  const found = [
    ...machine.exists(DOCKER_SOCKET) ? [`Docker at ${DOCKER_SOCKET}`] : [],
    ...STATE_FOLDERS.filter((folder) => machine.exists(`${folder}/io.containerd.runtime.v2.task`))
      .map((folder) => `containerd at ${folder}`),
    ...machine.exists(`${CREDENTIALS}/token`) ? ["the Kubernetes API by this pod's service account"] : [],
  ];
  if (found.length > 0) return { id, status: "ok", found: found.join(", ") };
  // Nothing is missing: rules say which processes are functions.
  return { id, status: "absent", found: "neither Docker nor containerd nor a Kubernetes service account" };
}
