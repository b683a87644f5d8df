/** What the doctor looks at; replaced in tests by trees of files that are none. */

import { type Machine as Observed, thisMachine as observed } from "../observe/kernel_features.ts";
import { type Probe, probeKernel } from "./probe.ts";

/** A machine, as far as it shows itself in files, and what the kernel answered to being asked. */
export interface Machine extends Observed {
  /** Contents of a file; undefined where there is none, or it may not be read. */
  read(path: string): Uint8Array<ArrayBuffer> | undefined;
  /** A variable of the environment, as an agent would find it that is started from here. */
  env(name: string): string | undefined;
  /** Number of a file's file system and of its inode. */
  inode(path: string): { device: number; inode: number } | undefined;
  /** Asks the kernel; undefined where this process may not. */
  probe(): Probe | undefined;
}

/** The machine that this runs on. */
export const thisMachine: Machine = {
  ...observed,
  read: (path) => attempt(() => Deno.readFileSync(path)),
  env: (name) => Deno.env.get(name),
  inode: (path) => {
    const info = attempt(() => Deno.statSync(path));
    return info && info.ino !== null ? { device: info.dev, inode: info.ino } : undefined;
  },
  probe: () => Deno.uid() === 0 ? probeKernel() : undefined,
};

/** A file's text, without the line's end; undefined as for {@link Machine.read}. */
export function readText(machine: Machine, path: string): string | undefined {
  const bytes = machine.read(path);
  return bytes && new TextDecoder().decode(bytes).trimEnd();
}

function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
