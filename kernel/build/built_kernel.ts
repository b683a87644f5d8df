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
  /** The agent's backend that it is for. */
  readonly backend: "scx" | "cfs";
  /** The fragments in kernel/config that its configuration is made from, on top of the kernel's own "tinyconfig". */
  readonly fragments: readonly string[];
  /** The folder in kernel/patches whose patches are applied to the source; undefined where it stays as it is. */
  readonly patches?: string;
  /** The variant that differs from this one by having no patches. */
  readonly withoutPatch?: string;
}

const SCX = ["machine.config", "scx.config"];

/** Linux 6.1 as in Debian 12, without and with our patch. */
const PLAIN_CFS = { backend: "cfs", series: "6.1", suite: "bookworm" } as const;
const CFS = { ...PLAIN_CFS, patches: "6.1" } as const;
const PLAIN_FRAGMENTS = ["machine.config", "cfs-machine.config", "hooks.config"];
const CFS_FRAGMENTS = [...PLAIN_FRAGMENTS, "cfs.config"];

/** The kernels, by name. */
export const VARIANTS: readonly Variant[] = [
  { name: "scx", backend: "scx", series: "6.12", suite: "trixie", fragments: SCX },
  { name: "scx-latest", backend: "scx", series: undefined, suite: "sid", fragments: SCX },
  { name: "cfs", ...CFS, fragments: CFS_FRAGMENTS, withoutPatch: "cfs-plain" },
  { name: "cfs-plain", ...PLAIN_CFS, fragments: PLAIN_FRAGMENTS },
  { name: "cfs-debug", ...CFS, fragments: [...CFS_FRAGMENTS, "debug.config"] },
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
  const contents = patchFiles(variant).map((path) => Deno.readTextFileSync(path));
  const parts = [wantedOptions(variant), ...contents].map(sha256);
  const recipe = stampKey([RECIPE_VERSION, ...parts, Deno.build.arch]).slice(0, 16);
  return join(cacheFolder(), "kernels", variant.name, recipe);
}

/** What a variant's configuration must have. */
export function wantedOptions({ fragments }: Variant): string {
  return fragmentsText(fragments);
}

/** The text of fragments in kernel/config. */
export function fragmentsText(names: readonly string[]): string {
  return names.map((name) => Deno.readTextFileSync(join(ROOT, "kernel", "config", name))).join("");
}

/** The patches, in the order in which they are applied. */
export function patchFiles({ patches }: Pick<Variant, "patches">): string[] {
  if (patches === undefined) return [];
  const folder = join(ROOT, "kernel", "patches", patches);
  const names = [...Deno.readDirSync(folder)].map((entry) => entry.name);
  return names.filter((name) => name.endsWith(".patch")).sort().map((name) => join(folder, name));
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
