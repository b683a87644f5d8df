/** Real containers for the live tests: whether Debian's Docker engine and containerd can be had here. */

import { SetupError } from "../../scripts/command.ts";
import { CONTAINER_NEEDS, ensurePackages } from "../../scripts/packages.ts";
import { whyNotLive } from "./lab.ts";

export { Containerd } from "../../bench/containers/containerd.ts";
export { Docker } from "../../bench/containers/docker.ts";
export { Served } from "../../bench/containers/served.ts";

/** Why there can be no containers here, undefined where there can. */
export const whyNoContainers: string | undefined = whyNotLive ?? await (async () => {
  try {
    await ensurePackages(CONTAINER_NEEDS);
    return undefined;
  } catch (error) {
    if (error instanceof SetupError) return error.message.replaceAll("\n", " ");
    throw error;
  }
})();

if (whyNoContainers && !whyNotLive) console.log(`skip: ${whyNoContainers}`);
