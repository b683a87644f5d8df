// SPDX-License-Identifier: GPL-2.0-only
/** Builds a kernel from Debian's source package, patches and fragments of a configuration. Minutes; kept outside the checkout. */
import { basename, join } from "node:path";
import { run, runOrFail, SetupError } from "../../scripts/command.ts";
import { removeIfThere, withBuildLock } from "../../scripts/lock.ts";
import type { Kernel } from "../vm/kernel_package.ts";
import {
  newestBuilt,
  patchFiles,
  readBuilt,
  recipeFolder,
  type Variant,
  wantedOptions,
  writeBuilt,
} from "./built_kernel.ts";
import { notTaken } from "./config.ts";
import { fetchSourcePackage, type SourcePackage } from "./source_package.ts";

/** What the kernel would put into itself of the machine that builds it. */
const REPRODUCIBLE = {
  KBUILD_BUILD_TIMESTAMP: "1970-01-01",
  KBUILD_BUILD_USER: "alps",
  KBUILD_BUILD_HOST: "alps",
  LC_ALL: "C.UTF-8",
};

/** A kernel of a variant: one that is there with the present configuration, whatever its point release, or a new one. */
export async function ensureBuiltKernel(variant: Variant): Promise<Kernel> {
  return newestBuilt(recipeFolder(variant)) ?? await buildKernel(variant);
}

/**
 * Builds the newest point release of a variant, where that is not there already.
 *
 * @throws SetupError where the source cannot be had, does not take a patch or an option, or does not compile
 */
export async function buildKernel(variant: Variant): Promise<Kernel> {
  const folder = recipeFolder(variant), work = join(folder, "work");
  return await withBuildLock(
    async () => {
      const source = await fetchSourcePackage(variant, work);
      const target = join(folder, source.version);
      const there = readBuilt(target);
      if (there) return there;
      console.error(`Building Linux ${source.version} (${variant.name}): some minutes`);
      const startMs = performance.now();
      const unfinished = join(work, "kernel");
      await Deno.mkdir(unfinished);
      await compile(variant, source, work, unfinished);
      await removeIfThere(target);
      await Deno.rename(unfinished, target);
      const minutes = ((performance.now() - startMs) / 60_000).toFixed(1);
      const { size } = await Deno.stat(join(target, "bzImage"));
      console.error(`Linux ${source.version} is built: ${minutes} min, ${(size / 1e6).toFixed(1)} MB`);
      return readBuilt(target)!;
    },
    folder,
    work,
  );
}

async function compile(
  variant: Variant,
  source: SourcePackage,
  work: string,
  result: string,
): Promise<void> {
  const tree = await prepareSource(variant, source, work);
  const { series, version } = source;
  await tree.make("make a configuration", ["tinyconfig"]);
  const config = await tree.configure(
    wantedOptions(variant),
    `kernel/config: ${variant.fragments.join(", ")}`,
  );
  await tree.make("compile the kernel", [`-j${navigator.hardwareConcurrency}`, "bzImage"]);
  const release = (await tree.make("read the release", ["kernelrelease"])).trim();
  await Deno.copyFile(join(tree.objects, "arch/x86/boot/bzImage"), join(result, "bzImage"));
  await Deno.copyFile(config, join(result, "config"));
  await writeBuilt(result, { series, release, version });
}

/** An unpacked and patched source, and the folder that it is built in. */
export interface SourceTree {
  readonly source: string;
  readonly objects: string;
  /** Runs make; returns what it prints. @throws SetupError saying what could not be done */
  make(action: string, words: readonly string[]): Promise<string>;
  /**
   * Puts options on top of the configuration that is there, and has the rest follow from them.
   *
   * @param from where the options come from, for the message
   * @returns the path of the configuration
   * @throws SetupError naming those that it does not take
   */
  configure(wanted: string, from: string): Promise<string>;
}

/** Unpacks a source package into `work` and applies the variant's patches. */
export async function prepareSource(
  variant: Pick<Variant, "patches">,
  { path, series, version }: SourcePackage,
  work: string,
): Promise<SourceTree> {
  const source = join(work, "source"), objects = join(work, "objects");
  for (const folder of [source, objects]) await Deno.mkdir(folder);
  await unpack(path, series, source);
  for (const patch of patchFiles(variant)) {
    const words = ["--batch", "--forward", "--strip=1", `--directory=${source}`, `--input=${patch}`];
    await runOrFail(`apply ${basename(patch)} to Linux ${version}`, "patch", words);
  }
  const make = (action: string, words: readonly string[]) =>
    runOrFail(`${action} (Linux ${version})`, "make", ["-s", "-C", source, `O=${objects}`, ...words], {
      env: REPRODUCIBLE,
    });
  const configure = async (wanted: string, from: string) => {
    const config = join(objects, ".config");
    // Of two lines about one option the last counts.
    await Deno.writeTextFile(config, `${await Deno.readTextFile(config)}\n${wanted}`);
    await make("complete the configuration", ["olddefconfig"]);
    const missing = notTaken(wanted, await Deno.readTextFile(config));
    if (missing.length === 0) return config;
    throw new SetupError(`cannot build Linux ${version}: it does not take ${missing.join(", ")} (${from})`);
  };
  return { source, objects, make, configure };
}

/** Unpacks a source package: it holds one archive of the whole source. */
export async function unpack(packageFile: string, series: string, target: string): Promise<void> {
  const archive = `./usr/src/linux-source-${series}.tar.xz`;
  const script = 'dpkg-deb --fsys-tarfile "$1" | tar -xO "$2" | tar -xJ --strip-components=1 -C "$3"';
  const result = await run("bash", ["-o", "pipefail", "-c", script, "unpack", packageFile, archive, target]);
  if (!result.success) throw new SetupError(`cannot unpack ${packageFile}: ${result.stderr.trim()}`);
}
