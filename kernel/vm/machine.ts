// SPDX-License-Identifier: GPL-2.0-only
/** One virtual machine: QEMU without acceleration, which every machine can run. */
import { join } from "node:path";
import type { Kernel } from "./kernel_package.ts";

/** What a machine is to do. */
export interface Job {
  /** A script for the shell; the host's files are where they are on the host. */
  readonly script: string;
  readonly cpus: number;
  readonly memoryMb: number;
  /** Minutes after which a machine that is not done counts as hung. */
  readonly limitMinutes: number;
  /** Time counts instructions, a nanosecond each, so that it repeats; on one CPU. */
  readonly icount?: boolean;
}

/** How a machine ended. */
export interface MachineEnd {
  /** Exit status of the job; undefined where the machine hung or crashed before there was one. */
  readonly status: number | undefined;
  /** What the kernel and QEMU itself said. */
  readonly console: string;
  /** It was killed at its limit. */
  readonly hung: boolean;
  /** Its job had begun. */
  readonly began: boolean;
}

/**
 * The kernel rewrites its own code while it boots, and an emulated CPU may run a place of it while that has a breakpoint
 * in it and no longer anyone who expects one.
 */
const REWRITTEN_CODE = /Oops: int3|int3: 0000/;

/** This is no end of the job's, but of the emulation's, before anything of the job's ran: it can be started again. */
export function isEmulatorsFault({ status, hung, began, console }: MachineEnd): boolean {
  return status === undefined && !hung && !began && REWRITTEN_CODE.test(console);
}

/** Status of timeout(1) where it has killed the command at its limit (with TERM, with KILL). */
const TIMED_OUT = [124, 137];

/** How often a machine is started at most, where the emulation's fault ends it before its job. */
const MOST_BOOTS = 3;

/**
 * Boots a kernel, runs a job in it and waits until the machine is off. Boots once more where that is the emulation's fault
 * ({@link isEmulatorsFault}), and says so.
 *
 * @param folder an empty folder that the machine may write to
 * @param show gets the job's output as it comes
 * @param qemu the program; replaced in tests
 */
export async function runMachine(
  kernel: Kernel,
  initramfs: string,
  job: Job,
  folder: string,
  show: (chunk: Uint8Array<ArrayBuffer>) => void,
  qemu = "qemu-system-x86_64",
): Promise<MachineEnd> {
  const jobFolder = join(folder, "job"), consoleFile = join(folder, "console");
  await Deno.mkdir(jobFolder);
  await Deno.writeTextFile(join(jobFolder, "job.sh"), job.script);
  const words = [qemu, ...machineArguments(kernel, initramfs, job, jobFolder, consoleFile)];
  for (let boots = 1;; boots++) {
    const { code, complaints } = await runQemu(words, job.limitMinutes, show);
    const status = /^\d+$/.exec((await readIfThere(join(jobFolder, "status"))).trim())?.[0];
    const end = {
      status: status === undefined ? undefined : Number(status),
      console: await readIfThere(consoleFile) + complaints,
      hung: TIMED_OUT.includes(code),
      began: await isThere(join(jobFolder, "began")),
    };
    if (boots >= MOST_BOOTS || !isEmulatorsFault(end)) return end;
    console.log(`Linux ${kernel.release}: an emulated CPU ran code that was being rewritten; starting again`);
  }
}

/** Runs QEMU until the machine is off, at most so many minutes. */
async function runQemu(
  words: readonly string[],
  limitMinutes: number,
  show: (chunk: Uint8Array<ArrayBuffer>) => void,
): Promise<{ code: number; complaints: string }> {
  // timeout(1) ends the machine even where this program is killed before it.
  const child = new Deno.Command("timeout", {
    args: ["--kill-after=10", `${Math.ceil(limitMinutes * 60)}`, ...words],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stop = () => child.kill("SIGTERM");
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  try {
    const [complaints] = await Promise.all([
      new Response(child.stderr).text(),
      child.stdout.pipeTo(new WritableStream({ write: show })),
    ]);
    return { code: (await child.status).code, complaints };
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
  }
}

/** QEMU's arguments. */
function machineArguments(
  kernel: Kernel,
  initramfs: string,
  { cpus, memoryMb, icount }: Job,
  jobFolder: string,
  consoleFile: string,
): string[] {
  const share = (path: string, tag: string, more: string) =>
    `local,path=${path.replaceAll(",", ",,")},mount_tag=${tag},security_model=none,multidevs=remap${more}`;
  const file = (path: string) => path.replaceAll(",", ",,");
  return [
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...(icount
      ? ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=on"]
      : ["-accel", "tcg,thread=multi"]),
    ...["-cpu", "max", "-smp", `${icount ? 1 : cpus}`, "-m", `${memoryMb}`],
    ...["-kernel", kernel.image, "-initrd", initramfs, "-append", kernelCommandLine()],
    ...["-virtfs", share("/", "host", ",readonly=on"), "-virtfs", share(jobFolder, "job", "")],
    ...["-serial", `file:${file(consoleFile)}`, "-serial", "stdio"],
  ];
}

/** What the kernel is told at its start. */
function kernelCommandLine(): string {
  return [
    "console=ttyS0",
    // A crash ends the machine at once (with -no-reboot) instead of leaving it hanging.
    "panic=-1",
    "oops=panic",
    "cgroup_no_v1=all",
    // Emulated, the timers that it would compare the processor's clock with are slow and look wrong.
    "tsc=reliable",
    "no_timer_check",
    "mitigations=off",
  ].join(" ");
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch {
    return false;
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return "";
  }
}
