// SPDX-License-Identifier: GPL-2.0-only
/** Debian packages of a patched kernel, from any configuration: for real machines. */
import { join } from "node:path";
import { isFile, SetupError } from "../../scripts/command.ts";
import { withBuildLock } from "../../scripts/lock.ts";
import { BUILD_DIR } from "../../scripts/paths.ts";
import { fragmentsText, type Variant } from "./built_kernel.ts";
import { prepareSource } from "./compile.ts";
import { configOptions } from "./config.ts";
import { fetchSourcePackage } from "./source_package.ts";

/** What stands behind the version, so that the kernel has modules of its own and is told apart in the boot menu. */
export const LOCAL_VERSION = "-alps";

/** What goes on top of the configuration, in kernel/config. */
const FRAGMENTS = ["agent.config", "hooks.config", "cfs.config"];

/** Options that name files for signing, which a distribution has at hand when it builds its kernels and others have not. */
const KEY_FILES = ["CONFIG_SYSTEM_TRUSTED_KEYS", "CONFIG_SYSTEM_REVOCATION_KEYS", "CONFIG_MODULE_SIG_KEY"];

/**
 * Builds the packages with the kernel's own `make bindeb-pkg`, and puts them into a folder.
 *
 * @param configFile a whole configuration, such as `/boot/config-$(uname -r)`; what the agent needs is put on top of it
 * @param target made where it does not exist
 * @returns paths of the packages
 * @throws SetupError where the source cannot be had, the configuration does not take what is needed, or it does not compile
 */
export async function buildDebs(variant: Variant, configFile: string, target: string): Promise<string[]> {
  const given = await readConfig(configFile);
  const folder = join(BUILD_DIR, "kernel-debs"), work = join(folder, "work");
  return await withBuildLock(
    async () => {
      const source = await fetchSourcePackage(variant, work);
      const tree = await prepareSource(variant, source, work);
      await Deno.writeTextFile(join(tree.objects, ".config"), given);
      const wanted = fragmentsText(FRAGMENTS);
      await tree.configure(
        wanted + changesTo(given, tree.source),
        `${configFile} with kernel/config: ${FRAGMENTS.join(", ")}`,
      );
      console.error(
        `Building packages of Linux ${source.version}${LOCAL_VERSION}: as long as its configuration takes`,
      );
      // The packages' own check of what is needed to build them asks for more than this configuration may need.
      await tree.make("build the packages", [
        `-j${navigator.hardwareConcurrency}`,
        "DPKG_FLAGS=-d",
        `KDEB_PKGVERSION=${source.version}+alps`,
        "bindeb-pkg",
      ]);
      await Deno.mkdir(target, { recursive: true });
      const packages = [...Deno.readDirSync(work)].map(({ name }) => name).filter((name) =>
        name.endsWith(".deb")
      );
      for (const name of packages) await Deno.copyFile(join(work, name), join(target, name));
      return packages.sort().map((name) => join(target, name));
    },
    folder,
    work,
  );
}

/** Reads a configuration. Throws SetupError with status 2 where it is none. */
async function readConfig(path: string): Promise<string> {
  if (!isFile(path)) throw new SetupError(`cannot read --config ${JSON.stringify(path)}: no such file`, 2);
  const text = await Deno.readTextFile(path);
  if (configOptions(text).size > 0) return text;
  throw new SetupError(`--config ${JSON.stringify(path)}: this is no configuration of a kernel`, 2);
}

/** What a configuration from elsewhere must have changed: its name, and keys that are not here. Pure but for looking for them. */
export function changesTo(config: string, source: string): string {
  const options = configOptions(config);
  const absent = KEY_FILES.filter((name) => {
    const file = options.get(name)?.replaceAll('"', "") ?? "";
    // The kernel makes this one by itself.
    return file !== "" && file !== "certs/signing_key.pem" && !isFile(join(source, file)) && !isFile(file);
  });
  const lines = [`CONFIG_LOCALVERSION="${LOCAL_VERSION}"`, ...absent.map((name) => `${name}=""`)];
  return lines.map((line) => `${line}\n`).join("");
}
