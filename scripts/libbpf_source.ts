import { join } from "node:path";
import {
  type AptSource,
  chooseMirrors,
  type Mirror,
  parseDeb822Sources,
  parseOneLineSources,
  parseParagraphs,
  sourcesEntry,
} from "./apt_sources.ts";
import { findProgram, isFile, lastLines, run, type RunOptions, runOrFail, SetupError } from "./command.ts";
import { sha256 } from "./stamp.ts";

/** A source archive, pinned. Its checksum decides; where it comes from does not matter. */
export interface PinnedSource {
  /** Debian's name of the source package. */
  package: string;
  version: string;
  /** The name of the archive that Debian builds it from. */
  file: string;
  sha256: string;
  /** The Debian releases that may carry it, the likeliest first. */
  suites: string[];
  /** The environment variable that names the archive on machines without a network. */
  variable: string;
}

/** libbpf 1.5.0, as Debian 13 has it. */
export const LIBBPF_SOURCE: PinnedSource = {
  package: "libbpf",
  version: "1.5.0",
  file: "libbpf_1.5.0.orig.tar.gz",
  sha256: "53492aff6dd47e4da04ef5e672d753b9743848bdb38e9d90eafbe190b7983c44",
  suites: ["trixie"],
  variable: "ALPS_LIBBPF_TARBALL",
};

/** elfutils 0.192, of which libelf is taken. Debian's libelf.a cannot go into a shared object. */
export const ELFUTILS_SOURCE: PinnedSource = {
  package: "elfutils",
  version: "0.192",
  file: "elfutils_0.192.orig.tar.bz2",
  sha256: "616099beae24aba11f9b63d86ca6cc8d566d968b802391334c91df54eab416b4",
  suites: ["trixie"],
  variable: "ALPS_ELFUTILS_TARBALL",
};

/** zlib 1.3.1, which libelf needs. */
export const ZLIB_SOURCE: PinnedSource = {
  package: "zlib",
  version: "1.3.1",
  file: "zlib_1.3.dfsg+really1.3.1.orig.tar.gz",
  sha256: "60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb",
  suites: ["trixie"],
  variable: "ALPS_ZLIB_TARBALL",
};

/** What people may set in place of the machine's own apt configuration. */
export interface SourceOverrides {
  /** What the source's variable says: the archive itself, for machines without a network. */
  tarball?: string | undefined;
  /** `ALPS_DEBIAN_MIRROR`: the address of a Debian mirror, as in a line of apt's sources. */
  mirror?: string | undefined;
}

function overrideHint({ variable, file }: PinnedSource): string {
  return `Give the archive itself with ${variable}=/path/to/${file}, ` +
    "or a Debian mirror with ALPS_DEBIAN_MIRROR=ADDRESS.";
}

/**
 * Gets a pinned source archive, and verifies its checksum wherever it comes from.
 *
 * @param workDir an empty folder for apt's state and the download
 * @returns the archive's path
 * @throws SetupError naming each place that was tried, and how to give another
 */
export async function fetchSource(
  source: PinnedSource,
  workDir: string,
  overrides: SourceOverrides,
): Promise<string> {
  if (overrides.tarball !== undefined) {
    if (!isFile(overrides.tarball)) {
      throw new SetupError(`cannot read ${source.variable}="${overrides.tarball}": no such file`);
    }
    await verify(overrides.tarball, source.sha256);
    return overrides.tarball;
  }
  if (findProgram("apt-get") === undefined) {
    throw new SetupError(
      `cannot fetch ${source.file}: this machine has no apt-get. ${overrideHint(source)}`,
      3,
    );
  }
  const mirrors = overrides.mirror === undefined ? await machineMirrors() : [mirrorAt(overrides.mirror)];
  const failures: string[] = [];
  for (const mirror of mirrors) {
    for (const suite of source.suites) {
      const folder = join(workDir, `apt-${failures.length}`);
      const result = await fetchFrom(source, mirror, suite, folder);
      if (result.path !== undefined) {
        await verify(result.path, source.sha256);
        return result.path;
      }
      failures.push(`${mirror.uri} ${suite}: ${result.failure}`);
    }
  }
  if (failures.length === 0) failures.push("no mirror of Debian is in this machine's apt configuration");
  throw new SetupError(`cannot fetch ${source.file}:\n  ${failures.join("\n  ")}\n${overrideHint(source)}`);
}

/** The mirrors of Debian that this machine's apt is configured with. */
export async function machineMirrors(): Promise<Mirror[]> {
  const shell = await runOrFail("read apt's configuration", "apt-config", [
    "shell",
    "LIST",
    "Dir::Etc::sourcelist/f",
    "PARTS",
    "Dir::Etc::sourceparts/d",
  ]);
  const list = /^LIST='(.*)'$/m.exec(shell)?.[1] ?? "/etc/apt/sources.list";
  const parts = /^PARTS='(.*)'$/m.exec(shell)?.[1] ?? "/etc/apt/sources.list.d/";
  const sources: AptSource[] = [];
  for (const file of [list, ...listFolder(parts)]) {
    if (!isFile(file)) continue;
    const text = await Deno.readTextFile(file);
    if (file.endsWith(".sources")) sources.push(...parseDeb822Sources(text));
    else if (file.endsWith(".list")) sources.push(...parseOneLineSources(text));
  }
  return chooseMirrors(sources, codename(await readIfThere("/etc/os-release")));
}

/** The version of a source package whose records (as `apt-cache showsrc` prints them) list a checksum. */
export function findVersion(records: string, sha256: string): string | undefined {
  return parseParagraphs(records)
    .find((fields) => fields.get("checksums-sha256")?.includes(sha256))
    ?.get("version");
}

/** The release's name in the text of /etc/os-release, or "". */
export function codename(osRelease: string): string {
  return /^VERSION_CODENAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1] ?? "";
}

/**
 * Fetches from one mirror with an apt whose configuration, lists and cache are all in `folder`: the machine's
 * own are only read. Of its configuration only the transport settings (proxies, certificates) are kept.
 *
 * @param folder an empty or missing folder
 * @returns the archive's path, its checksum not yet verified; or why there is none
 */
export async function fetchFrom(
  source: PinnedSource,
  mirror: Mirror,
  suite: string,
  folder: string,
): Promise<{ path?: string; failure?: string }> {
  const apt = await privateApt(sourcesEntry("deb-src", mirror, suite), folder);
  if (apt.failure !== undefined) return { failure: apt.failure };
  const { options } = apt;
  const records = await run("apt-cache", ["showsrc", "--only-source", source.package], options);
  const version = findVersion(records.stdout, source.sha256);
  if (version === undefined) return { failure: `no source package there is built from this ${source.file}` };
  const download = await run(
    "apt-get",
    ["source", "--download-only", "--tar-only", `${source.package}=${version}`],
    options,
  );
  if (!download.success) return { failure: aptErrors(download.stderr) };
  return { path: join(folder, "download", source.file) };
}

/** How to run apt's programs so that they use a private apt: its configuration, and a folder for downloads. */
export type PrivateApt = Required<Pick<RunOptions, "cwd" | "env">>;

/**
 * Makes an apt of its own in `folder`, with the lists of what `sources` names.
 *
 * @param sources text of a `.sources` file
 * @param folder an empty or missing folder
 * @returns options for running its programs; `failure` where the lists could not be had
 */
export async function privateApt(
  sources: string,
  folder: string,
): Promise<{ options: PrivateApt; failure?: string }> {
  for (const name of ["lists/partial", "cache/archives/partial", "download"]) {
    await Deno.mkdir(join(folder, name), { recursive: true });
  }
  const config = await runOrFail("read apt's configuration", "apt-config", ["dump"]);
  await Deno.writeTextFile(join(folder, "only.sources"), sources);
  await Deno.writeTextFile(join(folder, "apt.conf"), privateConfig(config, folder));
  const options = {
    cwd: join(folder, "download"),
    env: { APT_CONFIG: join(folder, "apt.conf"), LC_ALL: "C.UTF-8" },
  };
  const update = await run("apt-get", ["update"], options);
  return update.success ? { options } : { options, failure: aptErrors(update.stderr) };
}

/** The text of an apt.conf that keeps everything below `folder`. */
export function privateConfig(machineConfig: string, folder: string): string {
  const kept = machineConfig.split("\n").filter((line) => /^Acquire::.+ ".*";$/.test(line));
  return [
    ...kept,
    `Dir::Etc::main "/dev/null";`,
    `Dir::Etc::parts "/dev/null";`,
    `Dir::Etc::sourcelist "${folder}/only.sources";`,
    `Dir::Etc::sourceparts "/dev/null";`,
    `Dir::State::lists "${folder}/lists";`,
    `Dir::Cache "${folder}/cache";`,
    // An old snapshot is as good as any: the checksum decides.
    `Acquire::Check-Valid-Until "false";`,
    `Acquire::Languages "none";`,
    `Acquire::Retries "2";`,
    // A mirror that cannot be reached is an error, not a warning.
    `APT::Update::Error-Mode "any";`,
    "",
  ].join("\n");
}

/** The errors among what apt printed; warnings only where it names no error. At most three lines. */
export function aptErrors(stderr: string): string {
  const errors = stderr.split("\n").filter((line) => line.startsWith("E: "));
  return lastLines(errors.length > 0 ? errors.slice(0, 3).join("\n") : stderr, 3);
}

async function verify(path: string, wanted: string): Promise<void> {
  const found = sha256(await Deno.readFile(path));
  if (found === wanted) return;
  throw new SetupError(`cannot use ${path}: its SHA-256 is ${found}, wanted ${wanted}`);
}

/** A mirror that a person named. */
export function mirrorAt(uri: string): Mirror {
  const keyring = ["gpg", "pgp"]
    .map((ending) => `/usr/share/keyrings/debian-archive-keyring.${ending}`)
    .find((path) => isFile(path));
  return keyring === undefined ? { uri } : { uri, signedBy: keyring };
}

function listFolder(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map((entry) => join(folder, entry.name)).sort();
  } catch {
    return [];
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return "";
  }
}
