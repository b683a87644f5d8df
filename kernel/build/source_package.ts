// SPDX-License-Identifier: GPL-2.0-only
/** Debian's packages of the kernel's source: fetched by apt, which checks their signatures, in a state of its own. */
import { join } from "node:path";
import { type Mirror, parseParagraphs, sourcesEntry } from "../../scripts/apt_sources.ts";
import { findProgram, isFile, run, SetupError } from "../../scripts/command.ts";
import { aptErrors, machineMirrors, mirrorAt, privateApt } from "../../scripts/libbpf_source.ts";

/** Which source a kernel is built from. */
export interface SourceSeries {
  /** `6.12`; undefined takes the newest of the suite. */
  readonly series: string | undefined;
  /** The Debian release that has it, by name. */
  readonly suite: string;
}

/** A package on this machine. */
export interface SourcePackage {
  readonly path: string;
  /** Of the kernel, as the package's name has it: `6.12`. */
  readonly series: string;
  /** Debian's: `6.12.117-1`. */
  readonly version: string;
}

/** The environment variable that names the package on machines without a network. */
const VARIABLE = "ALPS_KERNEL_SOURCE_DEB";

/** The meta package that depends on the newest source of a release. */
const META_PACKAGE = "linux-source";

/**
 * Fetches the package: any point release of the series, as Debian removes a version from its mirrors with the next one.
 * `ALPS_KERNEL_SOURCE_DEB=FILE` takes it from there instead, `ALPS_DEBIAN_MIRROR=ADDRESS` another mirror.
 *
 * @param workDir a folder that does not exist yet; made readable by all, because apt downloads as a user of its own
 * @throws SetupError naming each place that was tried
 */
export async function fetchSourcePackage(wanted: SourceSeries, workDir: string): Promise<SourcePackage> {
  await Deno.mkdir(workDir);
  await Deno.chmod(workDir, 0o755);
  console.error(`Fetching the kernel's source from Debian (${wanted.suite})`);
  const given = Deno.env.get(VARIABLE);
  if (given !== undefined) {
    if (!isFile(given)) throw new SetupError(`cannot read ${VARIABLE}="${given}": no such file`);
    return await describe(given);
  }
  const hint = `Give the package itself with ${VARIABLE}=FILE, or a mirror with ALPS_DEBIAN_MIRROR=ADDRESS.`;
  const what = wanted.series === undefined
    ? "the newest kernel's source"
    : `the source of Linux ${wanted.series}`;
  if (findProgram("apt-get") === undefined) {
    throw new SetupError(`cannot fetch ${what}: this machine has no apt-get. ${hint}`, 3);
  }
  const mirror = Deno.env.get("ALPS_DEBIAN_MIRROR");
  const mirrors = mirror === undefined ? await machineMirrors() : [mirrorAt(mirror)];
  const failures: string[] = [];
  for (const [i, mirror] of mirrors.entries()) {
    const { path, failure } = await fetchFrom(mirror, wanted, join(workDir, `apt-${i}`));
    if (path !== undefined) return await describe(path);
    failures.push(`${mirror.uri} ${wanted.suite}: ${failure}`);
  }
  if (failures.length === 0) failures.push("no mirror of Debian is in this machine's apt configuration");
  throw new SetupError(`cannot fetch ${what}:\n  ${failures.join("\n  ")}\n${hint}`);
}

/** The name of the source package that the records of the meta package (as `apt-cache show` prints them) depend on. */
export function newestSource(records: string): string | undefined {
  const [newest] = parseParagraphs(records);
  return /(^|[\s,])(linux-source-[0-9]+\.[0-9]+)\b/.exec(newest?.get("depends") ?? "")?.[2];
}

async function fetchFrom(
  mirror: Mirror,
  { series, suite }: SourceSeries,
  folder: string,
): Promise<{ path?: string; failure?: string }> {
  const { options, failure } = await privateApt(sourcesEntry("deb", mirror, suite), folder);
  if (failure !== undefined) return { failure };
  const name = series === undefined
    ? newestSource((await run("apt-cache", ["show", META_PACKAGE], options)).stdout)
    : `linux-source-${series}`;
  if (name === undefined) return { failure: `${META_PACKAGE} there names no source` };
  const download = await run("apt-get", ["download", name], options);
  if (!download.success) return { failure: aptErrors(download.stderr) };
  const file = [...Deno.readDirSync(options.cwd)].find((entry) => entry.name.endsWith(".deb"));
  return file ? { path: join(options.cwd, file.name) } : { failure: "apt-get has left no package" };
}

/** Reads what a package says about itself. */
async function describe(path: string): Promise<SourcePackage> {
  const { success, stdout, stderr } = await run("dpkg-deb", ["--field", path, "Package", "Version"]);
  const fields = parseParagraphs(stdout)[0];
  const series = /^linux-source-([0-9]+\.[0-9]+)$/.exec(fields?.get("package") ?? "")?.[1];
  const version = fields?.get("version");
  if (!success || series === undefined || version === undefined) {
    const reason = success ? "it is no package linux-source-VERSION" : stderr.trim();
    throw new SetupError(`cannot use ${path}: ${reason}`);
  }
  return { path, series, version };
}
