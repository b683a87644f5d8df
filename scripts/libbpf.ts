import { join } from "node:path";
import { isFile, runOrFail } from "./command.ts";
import { compileLibelf, NATIVE_DIR } from "./libelf.ts";
import {
  ELFUTILS_SOURCE,
  fetchSource,
  LIBBPF_SOURCE,
  type PinnedSource,
  ZLIB_SOURCE,
} from "./libbpf_source.ts";
import { removeIfThere } from "./lock.ts";
import { LIBBPF_DIR, TEMPORARY_DIR } from "./paths.ts";
import { isFresh, sha256, stampKey, writeStamp } from "./stamp.ts";

const STAMP_FILE = join(LIBBPF_DIR, ".stamp");

/** What has to be there afterwards; the rest of the folder comes with it. */
const PRODUCTS = ["lib/libbpf.so.1", "include/bpf/bpf_helpers.h", "include/linux/bpf.h", "licences/libbpf"]
  .map((name) => join(LIBBPF_DIR, name));

/** The texts under which the parts of the shared object may be passed on, in their source archives. */
const LICENCES = {
  libbpf: ["LICENSE", "LICENSE.BSD-2-Clause"],
  elfutils: ["COPYING-LGPLV3", "COPYING"],
  zlib: ["LICENSE"],
};

/**
 * Builds libbpf into `build/libbpf`, where it is not there already: the shared library, without debug
 * information, the headers that eBPF programs need, and the licences. libelf and zlib are in the library: it needs nothing
 * but glibc. It is put together elsewhere and moved into place whole, so an interrupted build leaves nothing that looks
 * finished.
 *
 * @throws SetupError where the source cannot be had or does not compile
 */
export async function ensureLibbpf(): Promise<void> {
  const key = await libbpfKey();
  if (isFresh(STAMP_FILE, key, PRODUCTS)) return;
  const startMs = performance.now();
  console.error(
    `Building libbpf ${LIBBPF_SOURCE.version} with libelf and zlib from Debian's source packages (once; under a minute).`,
  );
  await Deno.mkdir(TEMPORARY_DIR, { recursive: true });
  // A folder of its own: a compiler that outlived a killed set-up may still write into the last one.
  const workDir = await Deno.makeTempDir({ dir: TEMPORARY_DIR });
  await Deno.chmod(workDir, 0o755); // apt downloads as a user of its own
  const fetch = (source: PinnedSource) =>
    fetchSource(source, join(workDir, source.package), {
      tarball: Deno.env.get(source.variable),
      mirror: Deno.env.get("ALPS_DEBIAN_MIRROR"),
    });
  const archives = {
    libbpf: await fetch(LIBBPF_SOURCE),
    elfutils: await fetch(ELFUTILS_SOURCE),
    zlib: await fetch(ZLIB_SOURCE),
  };
  const whole = await compile(archives, workDir);
  await copyLicences(archives, join(whole, "licences"));
  await writeStamp(join(whole, ".stamp"), key);
  await removeIfThere(LIBBPF_DIR);
  await Deno.rename(whole, LIBBPF_DIR);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.error(`libbpf ${LIBBPF_SOURCE.version} is built (${seconds} s).`);
}

/** Changes when libbpf has to be built anew: another version, another way to build it, another system. */
async function libbpfKey(): Promise<string> {
  const recipe = await Promise.all(
    [new URL(import.meta.url), new URL("./libelf.ts", import.meta.url), ...filesOf(NATIVE_DIR)]
      .map(async (path) => sha256(await Deno.readFile(path))),
  );
  const release = isFile("/etc/os-release") ? await Deno.readTextFile("/etc/os-release") : "";
  const system = release.split("\n").filter((line) => /^(ID|VERSION_ID)=/.test(line)).join(" ");
  const sources = [LIBBPF_SOURCE, ELFUTILS_SOURCE, ZLIB_SOURCE].map((source) => source.sha256);
  return stampKey([...sources, ...recipe, Deno.build.arch, system]);
}

function filesOf(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => join(folder, entry.name)).sort();
}

/** Where the source archives are. */
type Archives = Record<keyof typeof LICENCES, string>;

/** Writes the licence of each part into a file of its name. */
async function copyLicences(archives: Archives, folder: string): Promise<void> {
  await Deno.mkdir(folder);
  for (const [name, files] of Object.entries(LICENCES)) {
    const wanted = files.map((file) => `*/${file}`);
    const text = await runOrFail(`read the licence of ${name}`, "tar", [
      ...["-xOf", archives[name as keyof Archives], "--wildcards", "--no-wildcards-match-slash", ...wanted],
    ]);
    await Deno.writeTextFile(join(folder, name), text);
  }
}

/** Unpacks and compiles; returns a folder with `lib` and `include`. */
async function compile(archives: Archives, workDir: string): Promise<string> {
  const libraries = await compileLibelf(archives, join(workDir, "static"));
  const source = join(workDir, "source");
  const objects = join(workDir, "objects");
  const whole = join(workDir, "libbpf");
  for (const folder of [source, objects, join(whole, "lib")]) await Deno.mkdir(folder, { recursive: true });
  await runOrFail("unpack libbpf", "tar", ["-xzf", archives.libbpf, "-C", source, "--strip-components=1"]);
  // NO_PKG_CONFIG: links with -lelf -lz, for which only our archives are found.
  const make = [
    ...["-s", "-C", join(source, "src"), `OBJDIR=${objects}`, "NO_PKG_CONFIG=1"],
    // Without the folder's name in it, every build gives the same bytes.
    `CFLAGS=-O2 -I${libraries.includeDir} -ffile-prefix-map=${workDir}=.`,
    `LDFLAGS=-L${libraries.libraryDir} -Wl,-z,defs`,
    `EXTRA_LDFLAGS=${libraries.olderGlibc}`,
  ];
  const built = join(objects, `libbpf.so.${LIBBPF_SOURCE.version}`);
  const jobs = `-j${navigator.hardwareConcurrency}`;
  await runOrFail("compile libbpf", "make", [...make, jobs, built]);
  await runOrFail("install libbpf's headers", "make", [
    ...make,
    `PREFIX=${whole}`,
    "install_headers",
    "install_uapi_headers",
  ]);
  const library = join(whole, "lib", "libbpf.so.1");
  await Deno.copyFile(built, library);
  await Deno.chmod(library, 0o755);
  return whole;
}
