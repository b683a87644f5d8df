// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kernel tree's own example schedulers for sched_ext (tools/sched_ext), to compare ours with: built when they are wanted, kept
 * beside the kernel that they are for.
 */
import { dirname, join } from "node:path";
import { findClang } from "../../scripts/clang.ts";
import { isFile, runOrFail } from "../../scripts/command.ts";
import { withBuildLock } from "../../scripts/lock.ts";
import { ensurePackages, KERNEL_NEEDS, type Need } from "../../scripts/packages.ts";
import type { Kernel } from "../vm/kernel_package.ts";
import type { Variant } from "./built_kernel.ts";
import { unpack } from "./compile.ts";
import { fetchSourcePackage } from "./source_package.ts";

/** The simplest one, weighted-fair by virtual time; and one that honours the weights of cgroups. */
export const EXAMPLE_SCHEDULERS = ["scx_simple", "scx_flatcg"] as const;

/** They need so new a compiler (tools/sched_ext/README.md). */
const LEAST_CLANG = 16;

const NEEDS_HERE: Need[] = [
  {
    what: `clang ${LEAST_CLANG} or newer`,
    package: "clang-16",
    isThere: async () => await findClang(LEAST_CLANG) !== undefined,
  },
  {
    what: "the header zlib.h",
    package: "zlib1g-dev",
    isThere: () => isFile("/usr/include/zlib.h"),
  },
];

/**
 * Builds them.
 *
 * @returns paths by name
 * @throws SetupError where the source or a compiler is not to be had, or they do not compile
 */
export async function ensureExampleSchedulers(
  variant: Variant,
  kernel: Kernel,
): Promise<Map<string, string>> {
  const target = dirname(kernel.image), work = join(target, "work");
  const paths = new Map(EXAMPLE_SCHEDULERS.map((name) => [name as string, join(target, name)]));
  if ([...paths.values()].every(isFile)) return paths;
  await ensurePackages([...KERNEL_NEEDS, ...NEEDS_HERE]);
  const clang = await findClang(LEAST_CLANG) ?? "clang";
  return await withBuildLock(
    async () => {
      const source = await fetchSourcePackage(variant, work);
      const tree = join(work, "source"), out = join(work, "out"), vmlinux = join(work, "vmlinux");
      await Deno.mkdir(tree);
      await Deno.mkdir(out);
      console.error(
        `Building ${EXAMPLE_SCHEDULERS.join(" and ")} of Linux ${source.version}: a minute or two`,
      );
      await unpack(source.path, source.series, tree);
      const extract = 'exec "$1/scripts/extract-vmlinux" "$2" > "$3"';
      const words = ["-c", extract, "extract", tree, kernel.image, vmlinux];
      await runOrFail("take the kernel's type information out of its image", "bash", words);
      await runOrFail(
        `build the example schedulers of Linux ${source.version}`,
        "make",
        [
          ...["-s", "-C", join(tree, "tools/sched_ext"), `O=${out}`, `VMLINUX_BTF=${vmlinux}`],
          ...["CC=cc", `CLANG=${clang}`, `-j${navigator.hardwareConcurrency}`, ...EXAMPLE_SCHEDULERS],
        ],
      );
      for (const [name, path] of paths) await Deno.copyFile(join(out, "build/bin", name), path);
      return paths;
    },
    target,
    work,
  );
}
