import { findProgram, isFile, lastLines, run, SetupError } from "./command.ts";

/** Something that set-up or build needs from the machine, and the Debian package that brings it. */
export interface Need {
  /** As a person would call it. */
  what: string;
  package: string;
  isThere: () => boolean | Promise<boolean>;
}

/** All that is needed from the machine's own packages. */
export const NEEDS: Need[] = [
  program("clang", "clang"),
  program("make", "make"),
  program("cc", "gcc"),
  program("ar", "binutils"),
  program("tar", "tar"),
  program("gzip", "gzip"),
  program("bzip2", "bzip2"),
  header("stdio.h", "libc6-dev"),
  header("linux/types.h", "linux-libc-dev"),
];

/** What the portable file's launcher is linked with. */
export const COMPILE_NEEDS: Need[] = [
  header("zstd.h", "libzstd-dev"),
  header("openssl/sha.h", "libssl-dev"),
];

/** What virtual machines need. */
export const VM_NEEDS: Need[] = [
  program("qemu-system-x86_64", "qemu-system-x86"),
  program("timeout", "coreutils"),
  program("dpkg-deb", "dpkg"),
  program("xz", "xz-utils"),
  { what: "busybox, linked statically", package: "busybox-static", isThere: () => isStatic("/bin/busybox") },
];

/** What building a kernel needs besides {@link NEEDS}. */
export const KERNEL_NEEDS: Need[] = [
  program("bc", "bc"),
  program("bison", "bison"),
  program("flex", "flex"),
  program("patch", "patch"),
  // It writes the kernel's type information.
  program("pahole", "pahole"),
  program("dpkg-deb", "dpkg"),
  program("xz", "xz-utils"),
  header("gelf.h", "libelf-dev"),
];

/** What building Debian packages of a kernel needs besides {@link KERNEL_NEEDS}. */
export const DEB_NEEDS: Need[] = [
  program("cpio", "cpio"),
  program("dpkg-buildpackage", "dpkg-dev"),
  program("fakeroot", "fakeroot"),
  program("kmod", "kmod"),
  program("rsync", "rsync"),
  header("openssl/ssl.h", "libssl-dev"),
];

/** What the tests with real containers need. */
export const CONTAINER_NEEDS: Need[] = [
  program("dockerd", "docker.io"),
  program("docker", "docker.io"),
  program("containerd", "containerd"),
  program("ctr", "containerd"),
  program("runc", "runc"),
];

/** What of `needs` is missing. */
export async function findMissing(needs: Need[] = NEEDS): Promise<Need[]> {
  const there = await Promise.all(needs.map((need) => need.isThere()));
  return needs.filter((_, index) => !there[index]);
}

/** What to do about missing packages on a machine: nothing, install them, or tell the person. */
export type InstallPlan =
  | { kind: "nothing" }
  | { kind: "install"; packages: string[] }
  | { kind: "tell"; message: string };

/**
 * Decides what to do about what is missing.
 *
 * @param missing what {@link findMissing} found
 * @param machine whether apt-get is there, and whether we may use it
 */
export function planInstall(missing: Need[], machine: { hasApt: boolean; isRoot: boolean }): InstallPlan {
  if (missing.length === 0) return { kind: "nothing" };
  const packages = [...new Set(missing.map((need) => need.package))];
  const names = missing.map((need) => need.what).join(", ");
  if (!machine.hasApt) {
    return {
      kind: "tell",
      message:
        `Missing: ${names}. This machine has no apt-get; install them in its own way, then try again ` +
        `(Debian's packages are called ${packages.join(", ")}).`,
    };
  }
  if (machine.isRoot) return { kind: "install", packages };
  return {
    kind: "tell",
    message: `Missing: ${names}. Run this, then try again:\n` +
      `  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages.join(" ")}`,
  };
}

/**
 * Installs what is missing, or says how.
 *
 * @throws SetupError with status 3 where a person has to do it; with status 1 where apt-get fails
 */
export async function ensurePackages(needs: Need[] = NEEDS): Promise<void> {
  const hasApt = findProgram("apt-get") !== undefined;
  const plan = planInstall(await findMissing(needs), { hasApt, isRoot: Deno.uid() === 0 });
  if (plan.kind === "nothing") return;
  if (plan.kind === "tell") throw new SetupError(plan.message, 3);
  console.error(`Installing with apt-get: ${plan.packages.join(" ")}`);
  await install(plan.packages);
  const still = await findMissing(needs);
  if (still.length === 0) return;
  throw new SetupError(
    `cannot go on: apt-get installed ${plan.packages.join(" ")}, but still missing: ` +
      still.map((need) => need.what).join(", "),
    3,
  );
}

/** Installs packages; the package lists are fetched only where they are missing or too old to work. */
async function install(packages: string[]): Promise<void> {
  const options = ["-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"];
  const env = { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" };
  const first = await run("apt-get", ["install", ...options, ...packages], { env });
  if (first.success) return;
  const update = await run("apt-get", ["update", "-o", "DPkg::Lock::Timeout=300"], { env });
  const second = await run("apt-get", ["install", ...options, ...packages], { env });
  if (second.success) return;
  const reason = [update.success ? "" : update.stderr, second.stderr || second.stdout].join("\n");
  throw new SetupError(`cannot install ${packages.join(" ")}: apt-get failed:\n${lastLines(reason, 8)}`);
}

function program(name: string, packageName: string): Need {
  return { what: name, package: packageName, isThere: () => findProgram(name) !== undefined };
}

/** Whether a file is an executable that needs no dynamic linker. */
function isStatic(path: string): boolean {
  if (!isFile(path)) return false;
  using file = Deno.openSync(path);
  const start = new Uint8Array(4096);
  // The linker's path is near the start of what needs it.
  const text = new TextDecoder("latin1").decode(start.subarray(0, file.readSync(start) ?? 0));
  return text.startsWith("\x7fELF") && !text.includes("/ld-linux");
}

/** A C header; the compiler is asked only where it is not in the usual place, as that takes longer. */
function header(name: string, packageName: string): Need {
  return {
    what: `${name} (C header)`,
    package: packageName,
    isThere: () => isFile(`/usr/include/${name}`) || compilerFinds(name),
  };
}

async function compilerFinds(header: string): Promise<boolean> {
  if (findProgram("cc") === undefined) return false;
  const test = `__has_include(<${header}>)`;
  const result = await run("sh", [
    "-c",
    `printf '#if !${test}\\n#error\\n#endif\\n' | cc -E -x c - >/dev/null`,
  ]);
  return result.success;
}
