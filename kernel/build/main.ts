// SPDX-License-Identifier: GPL-2.0-only
/**
 * Builds a kernel: `deno task kernel VARIANT`. What has been built of the same source and configuration is there at once.
 * Prints the kernel image's path on standard output. The kernels: see built_kernel.ts.
 *
 * `deno task kernel cfs --deb --config FILE [--out FOLDER]` builds Debian packages for a real machine, from its configuration,
 * and prints their paths.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runScript, SetupError } from "../../scripts/command.ts";
import { DEB_NEEDS, ensurePackages, KERNEL_NEEDS, NEEDS } from "../../scripts/packages.ts";
import { ROOT } from "../../scripts/paths.ts";
import { type Variant, VARIANTS } from "./built_kernel.ts";
import { buildKernel } from "./compile.ts";
import { buildDebs } from "./debs.ts";

/** What the command line asks for. */
export interface KernelRequest {
  readonly variant: Variant;
  /** Packages instead of an image. */
  readonly debs: { readonly config: string; readonly out: string } | undefined;
}

/** Reads the command line. Throws {@link SetupError} with status 2 for what it does not allow. */
export function readKernelRequest(args: readonly string[]): KernelRequest {
  const { values, positionals } = parse(args);
  const [name, ...rest] = positionals;
  const variant = VARIANTS.find((variant) => variant.name === name);
  if (variant === undefined || rest.length > 0) {
    throw new SetupError(`kernel needs one name: must be ${VARIANTS.map(({ name }) => name).join(", ")}`, 2);
  }
  const { deb, config, out } = values;
  if (!deb) {
    if (config !== undefined || out !== undefined) {
      throw new SetupError("--config and --out are for --deb", 2);
    }
    return { variant, debs: undefined };
  }
  if (variant.name !== "cfs") {
    throw new SetupError("--deb is for cfs: the others are for virtual machines", 2);
  }
  if (config === undefined) {
    throw new SetupError("--deb needs --config FILE, such as /boot/config-$(uname -r)", 2);
  }
  return { variant, debs: { config, out: out ?? join(ROOT, "dist", "kernel") } };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { deb: { type: "boolean" }, config: { type: "string" }, out: { type: "string" } },
    });
  } catch (error) {
    throw new SetupError(`kernel: ${error instanceof Error ? error.message : error}`, 2);
  }
}

async function main(): Promise<void> {
  const { variant, debs } = readKernelRequest(Deno.args);
  if (Deno.build.arch !== "x86_64") {
    throw new SetupError(`cannot build this kernel on ${Deno.build.arch}: x86_64 is needed`, 3);
  }
  await ensurePackages([...NEEDS, ...KERNEL_NEEDS, ...(debs ? DEB_NEEDS : [])]);
  if (!debs) return console.log((await buildKernel(variant)).image);
  for (const path of await buildDebs(variant, debs.config, debs.out)) console.log(path);
}

if (import.meta.main) await runScript(main);
