/** Where functions can be found without a rule: what of the platforms shows on this machine. */

import { STATE_FOLDERS } from "../observe/discover/bundles.ts";
import { dockerSocket } from "../observe/discover/docker_engine.ts";
import { shown } from "../observe/names.ts";
import { CREDENTIALS } from "../observe/discover/pod_api.ts";
import type { Check } from "./check.ts";
import type { Machine } from "./machine.ts";

export function checkPlatforms(machine: Pick<Machine, "exists" | "env">): Check {
  const id = "platforms", host = machine.env("DOCKER_HOST"), socket = dockerSocket(host);
  const found = [
    ...socket !== undefined && machine.exists(socket) ? [`Docker at ${shown(socket)}`] : [],
    ...STATE_FOLDERS.filter((folder) => machine.exists(`${folder}/io.containerd.runtime.v2.task`))
      .map((folder) => `containerd at ${folder}`),
    ...machine.exists(`${CREDENTIALS}/token`) ? ["the Kubernetes API by this pod's service account"] : [],
  ];
  // What is there all the same is not asked: the agent goes by the variable, as Docker's own tools do.
  const elsewhere = socket === undefined
    ? "; DOCKER_HOST names no Unix socket, so that Docker is not asked"
    : "";
  if (found.length > 0) return { id, status: "ok", found: found.join(", ") + elsewhere };
  // Nothing is missing: rules say which processes are functions.
  return {
    id,
    status: "absent",
    found: `neither Docker nor containerd nor a Kubernetes service account${elsewhere}`,
  };
}
