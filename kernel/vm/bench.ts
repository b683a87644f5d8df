// SPDX-License-Identifier: GPL-2.0-only
/**
 * Benchmarks in a virtual machine with one of our kernels: `deno task bench:vm scx|scx-latest|cfs ...`, or with one of
 * Debian's own: `deno task bench:vm stock --kernel SERIES ...`. It is emulated, so only ratios say something, and only where
 * nothing else uses the machine.
 *
 * - `[--cpus N] [options of deno task bench backends]`: the backends compared (bench/backends.ts).
 * - `--icount [options of deno task bench switch-cost]`: what a context switch costs (bench/switch_cost), on one CPU, as
 *   time counts instructions; for `cfs` also in the same kernel without the patch.
 */
import { join } from "node:path";
import { runScript, SetupError } from "../../scripts/command.ts";
import { removeIfThere, withBuildLock } from "../../scripts/lock.ts";
import { ensurePackages, VM_NEEDS } from "../../scripts/packages.ts";
import { BUILD_DIR } from "../../scripts/paths.ts";
import { type Variant, VARIANTS } from "../build/built_kernel.ts";
import { ensureExampleSchedulers } from "../build/example_schedulers.ts";
import { writeInitramfs } from "./initramfs.ts";
import { commandScript } from "./job.ts";
import { ensureKernel, type Kernel, KERNEL_SERIES, type KernelSeries } from "./kernel_package.ts";
import { type Job, runMachine } from "./machine.ts";
import { builtKernel, cacheModules, STOCK } from "./main.ts";

/** What a machine has, unless it is said. */
const CPUS = 2, MEMORY_MB = 3072;

/** Work of an invocation there: emulated, the same takes some 15 times as long. */
const SCALE = "0.2";

/** Hours after which a machine counts as hung: five rounds of three policies at two loads take under two. */
const LIMIT_HOURS = 4;

async function main(): Promise<void> {
  const [name, ...rest] = Deno.args;
  const variant = VARIANTS.find((variant) => variant.name === name);
  const icount = takeFlag(rest, "--icount");
  const ours = (variant: string) => async () => (await builtKernel(variant))[0]!;
  const compare = async (kernel: () => Promise<Kernel>, backends: string, more: readonly string[] = []) => {
    const cpus = takeCpus(rest);
    const words = ["backends", "--backends", backends, "--scale", SCALE, ...more, ...rest];
    await benchOn(kernel, words, { cpus });
  };
  if (name === STOCK && !icount) {
    const series = takeSeries(rest);
    return await compare(() => ensureKernel(series), STOCK);
  }
  if (variant === undefined) {
    throw new SetupError(
      `bench:vm needs a kernel: must be ${[STOCK, ...VARIANTS.map(({ name }) => name)].join(", ")}, ` +
        `--icount one of ours (got ${JSON.stringify(name ?? "")})`,
      2,
    );
  }
  const { backend } = variant;
  if (!icount) {
    return await compare(
      ours(variant.name),
      `${STOCK},${backend}`,
      backend === "scx" ? await examples(variant) : [],
    );
  }
  if (variant.withoutPatch !== undefined) {
    const words = ["switch-cost", "--backends", "", ...rest];
    await benchOn(ours(variant.withoutPatch), words, { cpus: 1, icount });
  }
  const words = ["switch-cost", "--backends", `none,${backend}`, ...rest];
  await benchOn(ours(variant.name), words, { cpus: 1, icount });
}

/** Runs `deno task bench` with these words in a machine with a kernel of ours. */
async function benchOn(
  wanted: () => Promise<Kernel>,
  words: string[],
  machine: Pick<Job, "cpus" | "icount">,
): Promise<void> {
  const kernel = await withBuildLock(async () => {
    await ensurePackages(VM_NEEDS);
    return await wanted();
  });
  await cacheModules(["bench/main.ts", "agent.ts"]);
  await Deno.mkdir(join(BUILD_DIR, "vm"), { recursive: true });
  const folder = await Deno.makeTempDir({ dir: join(BUILD_DIR, "vm"), prefix: "machine-" });
  try {
    const initramfs = join(folder, "initramfs");
    await writeInitramfs(kernel, "/bin/busybox", initramfs);
    console.log(`Linux ${kernel.release}, emulated: bench ${words.join(" ")}`);
    const job: Job = {
      ...machine,
      script: commandScript(["bench/main.ts", ...words], 1),
      memoryMb: MEMORY_MB,
      limitMinutes: 60 * LIMIT_HOURS,
    };
    const end = await runMachine(kernel, initramfs, job, folder, (chunk) => {
      for (let at = 0; at < chunk.length;) at += Deno.stdout.writeSync(chunk.subarray(at));
    });
    if (end.status === 0) return;
    const why = end.hung ? "the machine hung" : `it ended with status ${end.status}`;
    throw new SetupError(`cannot measure: ${why}; the console's last lines:\n${end.console.slice(-2000)}`);
  } finally {
    await removeIfThere(folder);
  }
}

/** The kernel tree's own schedulers, to be compared as well. */
async function examples(variant: Variant): Promise<string[]> {
  const [kernel] = await withBuildLock(() => builtKernel(variant.name));
  const paths = await ensureExampleSchedulers(variant, kernel!);
  return ["--beside", [...paths.values()].join(",")];
}

/** Takes a flag out of the arguments; returns whether it was there. */
function takeFlag(args: string[], flag: string): boolean {
  const at = args.indexOf(flag);
  if (at >= 0) args.splice(at, 1);
  return at >= 0;
}

/** Takes `--kernel SERIES` out of the arguments: the newest of Debian's where it is not there. */
function takeSeries(args: string[]): KernelSeries {
  const at = args.indexOf("--kernel");
  if (at < 0) return KERNEL_SERIES.at(-1)!;
  const [, text = ""] = args.splice(at, 2);
  const found = KERNEL_SERIES.find(({ series }) => series === text);
  if (found) return found;
  const must = KERNEL_SERIES.map(({ series }) => series).join(", ");
  throw new SetupError(`--kernel must be one of ${must} (got ${JSON.stringify(text)})`, 2);
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
