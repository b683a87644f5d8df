// SPDX-License-Identifier: GPL-2.0-only
/** Debian's own kernel images: fetched by apt, which checks their signatures, unpacked, and kept by their content. */
import { join } from "node:path";
import { type Mirror, parseParagraphs, sourcesEntry } from "../../scripts/apt_sources.ts";
import { findProgram, isFile, run, runOrFail, SetupError } from "../../scripts/command.ts";
import { aptErrors, machineMirrors, mirrorAt, privateApt } from "../../scripts/libbpf_source.ts";
import { removeIfThere } from "../../scripts/lock.ts";
import { BUILD_DIR, TEMPORARY_DIR } from "../../scripts/paths.ts";
import { sha256 } from "../../scripts/stamp.ts";
import { readModules } from "./modules.ts";

/** A series of kernels. Debian removes a version from its mirrors with the next one: the newest of the series is taken. */
export interface KernelSeries {
  /** `6.1`. */
  readonly series: string;
  /** The Debian release that has it, by name. */
  readonly suite: string;
}

/** Debian 12's and Debian 13's. */
export const KERNEL_SERIES: readonly KernelSeries[] = [
  { series: "6.1", suite: "bookworm" },
  { series: "6.12", suite: "trixie" },
];

/**
 * The package that names the newest kernel of a release in its dependencies. The kernel for all machines: the one for
 * clouds has no 9P, through which the virtual machine sees the host's files.
 */
const META_PACKAGE = "linux-image-amd64";

/** An unpacked kernel: what is needed to boot it. */
export interface Kernel {
  readonly series: string;
  /** As `uname -r` shows it. */
  readonly release: string;
  readonly image: string;
  /** Paths of modules, in the order in which to load them. */
  readonly modules: readonly string[];
}

/** `kernel.json` in the folder of an unpacked kernel. */
interface Stored {
  release: string;
  modules: string[];
}

/** Where unpacked kernels are: in `SERIES/SHA256 of the package`. */
const KERNELS_DIR = join(BUILD_DIR, "vm", "kernels");

/**
 * A kernel of a series, from build/vm/kernels or from a mirror. `ALPS_KERNEL_DEB_6_1=FILE` (`_6_12`) takes the package
 * from there instead, `ALPS_DEBIAN_MIRROR=URI` another mirror.
 *
 * @throws SetupError naming each place that was tried
 */
export async function ensureKernel(wanted: KernelSeries): Promise<Kernel> {
  const variable = `ALPS_KERNEL_DEB_${wanted.series.replace(".", "_")}`;
  const given = Deno.env.get(variable);
  if (given !== undefined) {
    if (!isFile(given)) throw new SetupError(`cannot read ${variable}="${given}": no such file`);
    return await unpackOnce(wanted.series, given);
  }
  const there = newestStored(wanted.series);
  if (there !== undefined) return there;
  await Deno.mkdir(TEMPORARY_DIR, { recursive: true });
  const workDir = await Deno.makeTempDir({ dir: TEMPORARY_DIR });
  await Deno.chmod(workDir, 0o755); // apt downloads as a user of its own
  try {
    return await unpackOnce(wanted.series, await fetchPackage(wanted, workDir, variable));
  } finally {
    await removeIfThere(workDir);
  }
}

/** The name of the package that the records of the meta package (as `apt-cache show` prints them) depend on. */
export function imagePackage(records: string, series: string): string | undefined {
  const [newest] = parseParagraphs(records);
  const name = /(^|[\s,])(linux-image-[0-9][^\s,]*)/.exec(newest?.get("depends") ?? "")?.[2];
  return name?.startsWith(`linux-image-${series}.`) ? name : undefined;
}

async function fetchPackage(
  { series, suite }: KernelSeries,
  workDir: string,
  variable: string,
): Promise<string> {
  const hint = `Give the package itself with ${variable}=FILE, or a mirror with ALPS_DEBIAN_MIRROR=ADDRESS.`;
  if (findProgram("apt-get") === undefined) {
    throw new SetupError(`cannot fetch a kernel ${series}: this machine has no apt-get. ${hint}`, 3);
  }
  console.error(`Fetching Debian's kernel ${series} (once)`);
  const mirror = Deno.env.get("ALPS_DEBIAN_MIRROR");
  const mirrors = mirror === undefined ? await machineMirrors() : [mirrorAt(mirror)];
  const failures: string[] = [];
  for (const [i, mirror] of mirrors.entries()) {
    const result = await fetchFrom(mirror, series, suite, join(workDir, `apt-${i}`));
    if (result.path !== undefined) return result.path;
    failures.push(`${mirror.uri} ${suite}: ${result.failure}`);
  }
  if (failures.length === 0) failures.push("no mirror of Debian is in this machine's apt configuration");
  throw new SetupError(`cannot fetch a kernel ${series}:\n  ${failures.join("\n  ")}\n${hint}`);
}

async function fetchFrom(
  mirror: Mirror,
  series: string,
  suite: string,
  folder: string,
): Promise<{ path?: string; failure?: string }> {
  const { options, failure } = await privateApt(sourcesEntry("deb", mirror, suite), folder);
  if (failure !== undefined) return { failure };
  const records = await run("apt-cache", ["show", META_PACKAGE], options);
  const name = imagePackage(records.stdout, series);
  if (name === undefined) return { failure: `${META_PACKAGE} there is no kernel ${series}` };
  const download = await run("apt-get", ["download", name], options);
  if (!download.success) return { failure: aptErrors(download.stderr) };
  const file = [...Deno.readDirSync(options.cwd)].find((entry) => entry.name.endsWith(".deb"));
  return file ? { path: join(options.cwd, file.name) } : { failure: "apt-get has left no package" };
}

/** Unpacks a package, where one of its content is not there already. */
async function unpackOnce(series: string, packageFile: string): Promise<Kernel> {
  const folder = join(KERNELS_DIR, series, sha256(await Deno.readFile(packageFile)));
  const there = readStored(series, folder);
  if (there !== undefined) return there;
  const unfinished = `${folder}.new`, whole = `${folder}.package`;
  for (const each of [unfinished, whole]) await removeIfThere(each);
  await Deno.mkdir(join(unfinished, "modules"), { recursive: true });
  await runOrFail(`unpack ${packageFile}`, "dpkg-deb", ["--extract", packageFile, whole]);
  const image = only(join(whole, "boot"), /^vmlinuz-/);
  const release = image.slice("vmlinuz-".length);
  await Deno.copyFile(join(whole, "boot", image), join(unfinished, "vmlinuz"));
  await Deno.copyFile(join(whole, "boot", `config-${release}`), join(unfinished, "config"));
  const lib = isFile(join(whole, "lib/modules", release, "modules.builtin")) ? "lib" : "usr/lib";
  const modules = await readModules(join(whole, lib, "modules", release));
  for (const { name, content } of modules) await Deno.writeFile(join(unfinished, "modules", name), content);
  const stored: Stored = { release, modules: modules.map(({ name }) => name) };
  await Deno.writeTextFile(join(unfinished, "kernel.json"), JSON.stringify(stored));
  await removeIfThere(whole);
  await removeIfThere(folder);
  await Deno.rename(unfinished, folder);
  return readStored(series, folder)!;
}

/** The unpacked kernel in a folder; undefined where there is none. */
function readStored(series: string, folder: string): Kernel | undefined {
  if (!isFile(join(folder, "kernel.json"))) return undefined;
  const { release, modules }: Stored = JSON.parse(Deno.readTextFileSync(join(folder, "kernel.json")));
  return {
    series,
    release,
    image: join(folder, "vmlinuz"),
    modules: modules.map((name) => join(folder, "modules", name)),
  };
}

/** Of the kernels of a series that are there, the one that came last. */
export function newestStored(series: string): Kernel | undefined {
  try {
    const folders = [...Deno.readDirSync(join(KERNELS_DIR, series))]
      .filter((entry) => /^[0-9a-f]{64}$/.test(entry.name))
      .map((entry) => join(KERNELS_DIR, series, entry.name));
    const time = (folder: string) => Deno.statSync(folder).mtime?.getTime() ?? 0;
    const [newest] = folders.sort((a, b) => time(b) - time(a));
    return newest === undefined ? undefined : readStored(series, newest);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function only(folder: string, name: RegExp): string {
  const found = [...Deno.readDirSync(folder)].find((entry) => name.test(entry.name));
  if (found === undefined) throw new SetupError(`cannot use the package: there is no ${name} in ${folder}`);
  return found.name;
}
