// SPDX-License-Identifier: GPL-2.0-only
/** Kernel modules of an unpacked kernel package: which are needed for some, and in which order. */
import { basename, join } from "node:path";
import { run, SetupError } from "../../scripts/command.ts";

/** Modules that the machine cannot do without, by name; what the kernel has built in is left out. */
export const WANTED_MODULES = ["virtio_pci", "9pnet_virtio", "9p", "overlay"] as const;

/** A module's name as the kernel has it: of `foo-bar.ko.xz` it is `foo_bar`. */
export function moduleName(path: string): string {
  return basename(path).replace(/\.ko(\.[a-z]+)?$/, "").replaceAll("-", "_");
}

/** The names that a module says it needs, from its section `.modinfo`. */
export function moduleNeeds(module: Uint8Array): string[] {
  // Entries are separated by zeros; the section's text is nowhere else in the file.
  const list = /\0depends=([^\0]*)\0/.exec(new TextDecoder("latin1").decode(module))?.[1] ?? "";
  return list.split(",").filter((name) => name !== "").map((name) => name.replaceAll("-", "_"));
}

/**
 * The modules to load, each after those that it needs.
 *
 * @param needs what each module that the package has needs; undefined where it has none of that name
 * @param builtIn names that the kernel has built in
 * @throws SetupError where a module is neither there nor built in
 */
export async function loadOrder(
  wanted: readonly string[],
  needs: (name: string) => Promise<string[] | undefined>,
  builtIn: ReadonlySet<string>,
): Promise<string[]> {
  const order: string[] = [], seen = new Set<string>();
  const visit = async (name: string) => {
    if (seen.has(name) || builtIn.has(name)) return;
    seen.add(name);
    const before = await needs(name);
    if (before === undefined) throw new SetupError(`cannot use this kernel: it has no module ${name}`);
    for (const other of before) await visit(other);
    order.push(name);
  };
  for (const name of wanted) await visit(name);
  return order;
}

/**
 * The wanted modules of a kernel and all that they need, decompressed, in the order in which to load them.
 *
 * @param folder the package's `lib/modules/RELEASE`
 */
export async function readModules(
  folder: string,
  wanted: readonly string[] = WANTED_MODULES,
): Promise<{ name: string; content: Uint8Array<ArrayBuffer> }[]> {
  const paths = new Map(listModules(join(folder, "kernel")).map((path) => [moduleName(path), path]));
  const builtIn = await Deno.readTextFile(join(folder, "modules.builtin"));
  const contents = new Map<string, Uint8Array<ArrayBuffer>>();
  const order = await loadOrder(wanted, async (name) => {
    const path = paths.get(name);
    if (path === undefined) return undefined;
    const content = await decompressed(path);
    contents.set(name, content);
    return moduleNeeds(content);
  }, new Set(builtIn.split("\n").filter((line) => line !== "").map(moduleName)));
  return order.map((name) => ({ name, content: contents.get(name)! }));
}

function listModules(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory) return listModules(path);
    return /\.ko(\.[a-z]+)?$/.test(entry.name) ? [path] : [];
  });
}

/** A module's bytes; Debian 13 compresses them with xz. */
async function decompressed(path: string): Promise<Uint8Array<ArrayBuffer>> {
  if (path.endsWith(".ko")) return await Deno.readFile(path);
  if (!path.endsWith(".xz")) throw new SetupError(`cannot read ${path}: only xz is known`);
  const plain = path.slice(0, -".xz".length);
  const result = await run("xz", ["--decompress", "--keep", "--force", path]);
  if (!result.success) throw new SetupError(`cannot decompress ${path}: ${result.stderr.trim()}`);
  return await Deno.readFile(plain);
}
