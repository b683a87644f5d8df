/** Options of the running kernel's configuration. */

import { gunzipSync } from "node:zlib";
import { type Machine, readText } from "./machine.ts";

/** A configuration, and where it was found. */
export interface KernelConfig {
  readonly path: string;
  readonly text: string;
}

/** The running kernel's configuration: its own account first, then what its package has left. */
export function readKernelConfig(machine: Machine): KernelConfig | undefined {
  const own = machine.read("/proc/config.gz");
  const text = own && unpacked(own);
  if (text !== undefined) return { path: "/proc/config.gz", text };
  const release = machine.kernelRelease();
  for (const path of [`/boot/config-${release}`, `/lib/modules/${release}/config`]) {
    const text = readText(machine, path);
    if (text !== undefined) return { path, text };
  }
  return undefined;
}

/** `y`, `m` or a value; undefined where the option is not set or this kernel does not know it. */
export function configOption(config: KernelConfig, option: string): string | undefined {
  return new RegExp(`^${option}=(.*)$`, "m").exec(config.text)?.[1];
}

function unpacked(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder().decode(gunzipSync(bytes));
  } catch {
    return undefined;
  }
}
