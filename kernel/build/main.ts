// SPDX-License-Identifier: GPL-2.0-only
/**
 * Builds a kernel: `deno task kernel VARIANT`. What has been built of the same source and configuration is there at once.
 * Prints the kernel image's path on standard output. The kernels: see built_kernel.ts.
 */
import { runScript, SetupError } from "../../scripts/command.ts";
import { ensurePackages, KERNEL_NEEDS, NEEDS } from "../../scripts/packages.ts";
import { VARIANTS } from "./built_kernel.ts";
import { buildKernel } from "./compile.ts";

async function main(): Promise<void> {
  const [name, ...rest] = Deno.args;
  const variant = VARIANTS.find((variant) => variant.name === name);
  if (variant === undefined || rest.length > 0) {
    throw new SetupError(`kernel needs one name: must be ${VARIANTS.map(({ name }) => name).join(", ")}`, 2);
  }
  if (Deno.build.arch !== "x86_64") {
    throw new SetupError(`cannot build this kernel on ${Deno.build.arch}: x86_64 is needed`, 3);
  }
  await ensurePackages([...NEEDS, ...KERNEL_NEEDS]);
  console.log((await buildKernel(variant)).image);
}

if (import.meta.main) await runScript(main);
