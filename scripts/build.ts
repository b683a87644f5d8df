/**
 * Makes everything that the agent, the demo and the tests load: `deno task build`. Set-up first, then the eBPF
 * programs (build/bpf), the host's function programs (build/host), the load generator and the program that switches (build/bench). What is up to date is left alone.
 */
import { join } from "node:path";
import { buildSender } from "../bench/build.ts";
import { buildSwitch } from "../bench/switch_cost/build.ts";
import { buildHost } from "../host/build.ts";
import { compileBpfObjects } from "./bpf_objects.ts";
import { runScript } from "./command.ts";
import { withBuildLock } from "./lock.ts";
import { BUILD_DIR } from "./paths.ts";
import { setUp } from "./setup.ts";

/** Sets up, then compiles what has changed. The caller holds the build lock. */
export async function build(): Promise<void> {
  await setUp();
  await Promise.all([compileBpfObjects(), buildHost(join(BUILD_DIR, "host")), buildSender(), buildSwitch()]);
}

if (import.meta.main) await runScript(() => withBuildLock(build));
