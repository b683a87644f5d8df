// SPDX-License-Identifier: GPL-2.0-only
/**
 * Kernels that we build: which there are, and where they are kept. They outlive the checkout, because each takes minutes:
 * `~/.cache/alps-agent/kernels/VARIANT/RECIPE/VERSION`.
 */
import { join } from "node:path";
import { isFile, SetupError } from "../../scripts/command.ts";
import { ROOT } from "../../scripts/paths.ts";
import { sha256, stampKey } from "../../scripts/stamp.ts";
import type { Kernel } from "../vm/kernel_package.ts";
import type { SourceSeries } from "./source_package.ts";

/** A kernel that `deno task kernel` builds. */
export interface Variant extends SourceSeries {
  readonly name: string;
  /** The fragment in kernel/config that its configuration is made from, on top of the kernel's own "tinyconfig". */
  readonly fragment: string;
}

/** The kernels, by name. */
export const VARIANTS: readonly Variant[] = [
  { name: "scx", series: "6.12", suite: "trixie", fragment: "scx.config" },
  { name: "scx-latest", series: undefined, suite: "sid", fragment: "scx.config" },
];

/** `kernel.json` in the folder of a kernel. */
interface Stored {
  readonly series: string;
  /** As `uname -r` shows it. */
  readonly release: string;
  /** Debian's version of the source. */
  readonly version: string;
}

/** Changes when a kernel would come out differently although its source is the same. */
const RECIPE_VERSION = "1";

/** Where the kernels of the present recipe are, one folder for each version of the source. */
export function recipeFolder(variant: Variant): string {
  const fragment = Deno.readTextFileSync(fragmentPath(variant));
  const recipe = stampKey([RECIPE_VERSION, sha256(fragment), Deno.build.arch]).slice(0, 16);
  return join(cacheFolder(), "kernels", variant.name, recipe);
}

export function fragmentPath({ fragment }: Variant): string {
  return join(ROOT, "kernel", "config", fragment);
}

/** `$XDG_CACHE_HOME/alps-agent`, else `~/.cache/alps-agent`. */
function cacheFolder(): string {
  const home = Deno.env.get("HOME");
  const cache = Deno.env.get("XDG_CACHE_HOME") || (home ? join(home, ".cache") : undefined);
  if (cache === undefined) {
    throw new SetupError("cannot tell where to keep kernels: neither HOME nor XDG_CACHE_HOME is set");
  }
  return join(cache, "alps-agent");
}

/** Of the kernels of a variant that are there, the one that was built last; undefined where there is none. */
export function newestBuilt(folder: string): Kernel | undefined {
  const kernels = subfolders(folder).flatMap((name) => {
    const kernel = readBuilt(join(folder, name));
    return kernel ? [{ kernel, built: Deno.statSync(kernel.image).mtime?.getTime() ?? 0 }] : [];
  });
  return kernels.sort((a, b) => b.built - a.built)[0]?.kernel;
}

/** The kernel in a folder; undefined where there is none that is whole. */
export function readBuilt(folder: string): Kernel | undefined {
  const file = join(folder, "kernel.json");
  if (!isFile(file)) return undefined;
  const { series, release }: Stored = JSON.parse(Deno.readTextFileSync(file));
  return { series, release, image: join(folder, "bzImage"), modules: [] };
}

/** Notes that the kernel in a folder is whole. Written last. */
export async function writeBuilt(folder: string, stored: Stored): Promise<void> {
  await Deno.writeTextFile(join(folder, "kernel.json"), JSON.stringify(stored));
}

function subfolders(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].filter((entry) => entry.isDirectory).map((entry) => entry.name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
