// SPDX-License-Identifier: GPL-2.0-only
/** The initial file system: busybox, the modules, and two scripts. Everything else is the host's, seen through 9P. */
import { dirname, join } from "node:path";
import { cpioArchive, type CpioEntry } from "./cpio.ts";
import type { Kernel } from "./kernel_package.ts";

/** Folders of the initial file system that something is put or mounted on. */
const FOLDERS = ["bin", "dev", "lower", "memory", "modules", "root"];

/**
 * Writes the initial file system for a kernel.
 *
 * @param busybox path of a statically linked busybox
 */
export async function writeInitramfs(kernel: Kernel, busybox: string, path: string): Promise<void> {
  const script = (name: string) => Deno.readTextFile(join(import.meta.dirname ?? dirname("."), name));
  const modules = await Promise.all(kernel.modules.map(async (module, i): Promise<CpioEntry> => ({
    // The shell lists them by name: in order.
    path: `modules/${String(i).padStart(2, "0")}.ko`,
    kind: "file",
    content: await Deno.readFile(module),
  })));
  const archive = cpioArchive([
    ...FOLDERS.map((folder): CpioEntry => ({ path: folder, kind: "folder" })),
    { path: "bin/busybox", kind: "file", content: await Deno.readFile(busybox), executable: true },
    { path: "init", kind: "file", content: await script("init.sh"), executable: true },
    { path: "inside.sh", kind: "file", content: await script("inside.sh") },
    ...modules,
  ]);
  await Deno.writeFile(path, archive);
}
