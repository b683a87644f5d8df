// SPDX-License-Identifier: GPL-2.0-only
/**
 * The comparison of backends (bench/backends.ts) in a virtual machine with one of our kernels: `deno task bench:vm
 * scx|scx-latest|cfs [--cpus N] [options of deno task bench backends]`. It is emulated, so only ratios say something, and only where nothing
 * else uses the machine.
 */
import { join } from "node:path";
import { runScript, SetupError } from "../../scripts/command.ts";
import { removeIfThere, withBuildLock } from "../../scripts/lock.ts";
import { ensurePackages, VM_NEEDS } from "../../scripts/packages.ts";
import { BUILD_DIR } from "../../scripts/paths.ts";
import { VARIANTS } from "../build/built_kernel.ts";
import { writeInitramfs } from "./initramfs.ts";
import { commandScript } from "./job.ts";
import { runMachine } from "./machine.ts";
import { builtKernel, cacheModules } from "./main.ts";

/** What a machine has, unless it is said. */
const CPUS = 2, MEMORY_MB = 3072;

/** Work of an invocation there: emulated, the same takes some 15 times as long. */
const SCALE = "0.2";

/** Hours after which a machine counts as hung: five rounds of three policies at two loads take under two. */
const LIMIT_HOURS = 4;

async function main(): Promise<void> {
  const [name, ...rest] = Deno.args;
  const variant = VARIANTS.find((variant) => variant.name === name);
  if (variant === undefined) {
    throw new SetupError(
      `bench:vm needs a kernel: must be ${VARIANTS.map(({ name }) => name).join(", ")}`,
      2,
    );
  }
  const cpus = takeCpus(rest);
  const [kernel] = await withBuildLock(async () => {
    await ensurePackages(VM_NEEDS);
    return await builtKernel(variant.name);
  });
  await cacheModules(["bench/main.ts", "agent.ts"]);
  const folder = await Deno.makeTempDir({ dir: join(BUILD_DIR, "vm"), prefix: "machine-" });
  try {
    const initramfs = join(folder, "initramfs");
    await writeInitramfs(kernel!, "/bin/busybox", initramfs);
    const words = [
      "bench/main.ts",
      "backends",
      "--backends",
      `stock,${variant.backend}`,
      "--scale",
      SCALE,
      ...rest,
    ];
    const job = {
      script: commandScript(words, 1),
      cpus,
      memoryMb: MEMORY_MB,
      limitMinutes: 60 * LIMIT_HOURS,
    };
    const end = await runMachine(kernel!, initramfs, job, folder, (chunk) => {
      for (let at = 0; at < chunk.length;) at += Deno.stdout.writeSync(chunk.subarray(at));
    });
    if (end.status === 0) return;
    const why = end.hung ? "the machine hung" : `it ended with status ${end.status}`;
    throw new SetupError(`cannot compare: ${why}; the console's last lines:\n${end.console.slice(-2000)}`);
  } finally {
    await removeIfThere(folder);
  }
}

/** Takes `--cpus N` out of the arguments. */
function takeCpus(args: string[]): number {
  const at = args.indexOf("--cpus");
  if (at < 0) return CPUS;
  const [, text = ""] = args.splice(at, 2), cpus = Number(text);
  if (Number.isInteger(cpus) && cpus >= 1 && cpus <= 64) return cpus;
  throw new SetupError(`--cpus must be a whole number from 1 to 64 (got ${JSON.stringify(text)})`, 2);
}

if (import.meta.main) await runScript(main);
