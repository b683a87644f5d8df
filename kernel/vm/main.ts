// SPDX-License-Identifier: GPL-2.0-only
/**
 * Runs the live tests on other kernels: `deno task test:vm stock|scx|scx-latest|cfs [--kernel SERIES]... [FILE]... [options
 * of deno test]`. `stock` takes Debian's own kernels, the others one of ours with sched_ext or our patch of CFS (kernel/build),
 * on which there are some tests more. Each kernel boots in QEMU without acceleration, with cgroups of version 2 alone; what is written there is
 * gone with it; `ALPS_VM_CONSOLE=FILE` keeps what its kernel said. A machine that hangs or crashes is a failure. The last line printed is `N passed, N failed`.
 */
import { basename, join } from "node:path";
import { VARIANTS } from "../build/built_kernel.ts";
import { ensureBuiltKernel } from "../build/compile.ts";
import { run, runScript, SetupError } from "../../scripts/command.ts";
import { compile } from "../../scripts/compile.ts";
import { removeIfThere, withBuildLock } from "../../scripts/lock.ts";
import { ensurePackages, KERNEL_NEEDS, VM_NEEDS } from "../../scripts/packages.ts";
import { BUILD_DIR, ROOT } from "../../scripts/paths.ts";
import { FAIL } from "../../scripts/test.ts";
import { splitArguments } from "../../scripts/test_files.ts";
import { jobScript } from "./job.ts";
import { writeInitramfs } from "./initramfs.ts";
import { ensureKernel, type Kernel, KERNEL_SERIES } from "./kernel_package.ts";
import {
  IN_THE_MACHINE,
  LEFT_OUT,
  WITH_DEBIANS_KERNEL,
  WITH_PATCHED_CFS,
  WITH_SCHED_EXT,
} from "./live_tests.ts";
import { runMachine } from "./machine.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

/** What the first word of the command line may be: whose kernels. */
export const STOCK = "stock";
const MACHINES = [STOCK, ...VARIANTS.map(({ name }) => name)];

/** Minutes after which a machine counts as hung: twice what the tests take on a busy machine, those of the scheduler included. */
const LIMIT_MINUTES = 75;

const CPUS = 2, MEMORY_MB = 2048;

/** How many times as long as on a real machine everything may take. */
const PATIENCE = 15;

/** What the command line asks for. */
interface Request {
  /** Fetches or builds them where they are not there. */
  kernels: () => Promise<Kernel[]>;
  files: string[];
  /** Files of live tests that are not run, with the reason. */
  leftOut: Readonly<Record<string, string>>;
  /** For `deno test`. */
  options: string[];
}

/** Reads the command line. Throws {@link SetupError} with status 2 for what it does not allow. */
function readRequest(args: readonly string[]): Request {
  const [machine, ...rest] = args;
  if (machine === undefined || !MACHINES.includes(machine)) {
    throw new SetupError(`test:vm needs a kind of machine: must be ${MACHINES.join(", ")}`, 2);
  }
  const wanted: string[] = [], others: string[] = [];
  while (rest.length > 0) {
    const arg = rest.shift()!;
    if (arg === "--kernel") wanted.push(rest.shift() ?? "");
    else others.push(arg);
  }
  const known = machine === STOCK ? KERNEL_SERIES.map(({ series }) => series) : [];
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const must = known.length > 0 ? `must be one of ${known.join(", ")}` : `is not for ${machine}`;
    throw new SetupError(`--kernel ${must} (got ${JSON.stringify(unknown)})`, 2);
  }
  const { paths, options } = splitArguments(others, (path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
  const live = (name: string) => join("tests/live", name);
  const all = [...IN_THE_MACHINE, ...ownTests(machine)];
  return {
    kernels: () => machine === STOCK ? debiansKernels(wanted) : builtKernel(machine),
    files: paths.length > 0 ? paths : all.map(live),
    leftOut: paths.length > 0 ? {} : LEFT_OUT,
    options,
  };
}

/** What only a machine of this kind can run. */
function ownTests(machine: string): readonly string[] {
  const variant = VARIANTS.find(({ name }) => name === machine);
  if (variant === undefined) return WITH_DEBIANS_KERNEL;
  return variant.backend === "scx" ? WITH_SCHED_EXT : variant.patches === undefined ? [] : WITH_PATCHED_CFS;
}

/** Debian's own: those of the series that are wanted, all where none is. */
async function debiansKernels(wanted: readonly string[]): Promise<Kernel[]> {
  const kernels: Kernel[] = [];
  for (const series of KERNEL_SERIES) {
    if (wanted.length === 0 || wanted.includes(series.series)) kernels.push(await ensureKernel(series));
  }
  return kernels;
}

export async function builtKernel(name: string): Promise<Kernel[]> {
  await ensurePackages(KERNEL_NEEDS);
  return [await ensureBuiltKernel(VARIANTS.find((variant) => variant.name === name)!)];
}

async function main(): Promise<void> {
  const request = readRequest(Deno.args);
  if (Deno.build.arch !== "x86_64") {
    throw new SetupError(`cannot run the virtual machines on ${Deno.build.arch}: x86_64 is needed`, 3);
  }
  const kernels = await withBuildLock(async () => {
    await ensurePackages(VM_NEEDS);
    const kernels = await request.kernels();
    if (request.files.some((file) => basename(file) === "portable_test.ts")) await makePortable();
    return kernels;
  });
  await cacheModules(["scripts/test.ts", "agent.ts", ...request.files]);
  for (const [file, reason] of Object.entries(request.leftOut)) console.log(`left out: ${file}: ${reason}`);
  const total = { passed: 0, failed: 0 };
  for (const kernel of kernels) {
    const { passed, failed } = await testOn(kernel, request);
    total.passed += passed;
    total.failed += failed;
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  Deno.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
}

/** A portable file for the machine, which cannot build one. */
async function makePortable(): Promise<void> {
  const out = join(BUILD_DIR, "vm", "alps-agent");
  await compile({ out, portable: true });
  Deno.env.set("ALPS_TEST_PORTABLE", out);
}

/** The machine has no network, and translating modules takes long there: they are read once on the host. */
export async function cacheModules(files: readonly string[]): Promise<void> {
  const result = await run(Deno.execPath(), ["cache", ...files], { cwd: ROOT });
  if (!result.success) throw new SetupError(`cannot cache the tests' modules:\n${result.stderr.trimEnd()}`);
}

async function testOn(kernel: Kernel, { files, options }: Request): Promise<Verdict> {
  console.log(
    `\nLinux ${kernel.release}, emulated, cgroup v2 alone: ${files.map((f) => basename(f)).join(", ")}`,
  );
  const startMs = performance.now();
  await Deno.mkdir(join(BUILD_DIR, "vm"), { recursive: true });
  const folder = await Deno.makeTempDir({ dir: join(BUILD_DIR, "vm"), prefix: "machine-" });
  try {
    const initramfs = join(folder, "initramfs");
    await writeInitramfs(kernel, "/bin/busybox", initramfs);
    const job = {
      script: jobScript(files, options, PATIENCE),
      cpus: CPUS,
      memoryMb: MEMORY_MB,
      limitMinutes: LIMIT_MINUTES,
    };
    let output = "";
    const decoder = new TextDecoder();
    const end = await runMachine(kernel, initramfs, job, folder, (chunk) => {
      for (let at = 0; at < chunk.length;) at += Deno.stdout.writeSync(chunk.subarray(at));
      output += decoder.decode(chunk, { stream: true });
    });
    const keep = Deno.env.get("ALPS_VM_CONSOLE");
    if (keep !== undefined) await Deno.writeTextFile(keep, end.console);
    const filtered = options.some((option) => option.startsWith("--filter"));
    const verdict = verdictOf(end, output, filtered);
    if (verdict.trouble !== undefined) {
      console.log(`Linux ${kernel.release}: ${verdict.trouble}`.replaceAll("\r", "").replaceAll(/^/gm, FAIL));
    }
    const minutes = ((performance.now() - startMs) / 60_000).toFixed(1);
    console.log(
      `Linux ${kernel.release}: ${verdict.passed} passed, ${verdict.failed} failed in ${minutes} min`,
    );
    return verdict;
  } finally {
    await removeIfThere(folder);
  }
}

if (import.meta.main) await runScript(main);
