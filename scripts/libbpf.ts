import { join } from "node:path";
import { isFile, runOrFail } from "./command.ts";
import { fetchSource, LIBBPF_SOURCE } from "./libbpf_source.ts";
import { removeIfThere } from "./lock.ts";
import { LIBBPF_DIR, TEMPORARY_DIR } from "./paths.ts";
import { isFresh, sha256, stampKey, writeStamp } from "./stamp.ts";

const STAMP_FILE = join(LIBBPF_DIR, ".stamp");

/** What has to be there afterwards; the rest of the folder comes with it. */
const PRODUCTS = ["lib/libbpf.so.1", "include/bpf/bpf_helpers.h", "include/linux/bpf.h"]
  .map((name) => join(LIBBPF_DIR, name));

/**
 * Builds libbpf into `build/libbpf`, where it is not there already: the shared library, without debug
 * information, and the headers that eBPF programs need. It is put together elsewhere and moved into place whole,
 * so an interrupted build leaves nothing that looks finished.
 *
 * @throws SetupError where the source cannot be had or does not compile
 */
export async function ensureLibbpf(): Promise<void> {
  const key = await libbpfKey();
  if (isFresh(STAMP_FILE, key, PRODUCTS)) return;
  const startMs = performance.now();
  console.error(
    `Building libbpf ${LIBBPF_SOURCE.version} from Debian's source package (once; under a minute).`,
  );
  await Deno.mkdir(TEMPORARY_DIR, { recursive: true });
  // A folder of its own: a compiler that outlived a killed set-up may still write into the last one.
  const workDir = await Deno.makeTempDir({ dir: TEMPORARY_DIR });
  await Deno.chmod(workDir, 0o755); // apt downloads as a user of its own
  const archive = await fetchSource(LIBBPF_SOURCE, workDir, {
    tarball: Deno.env.get("ALPS_LIBBPF_TARBALL"),
    mirror: Deno.env.get("ALPS_DEBIAN_MIRROR"),
  });
  const whole = await compile(archive, workDir);
  await writeStamp(join(whole, ".stamp"), key);
  await removeIfThere(LIBBPF_DIR);
  await Deno.rename(whole, LIBBPF_DIR);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.error(`libbpf ${LIBBPF_SOURCE.version} is built (${seconds} s).`);
}

/** Changes when libbpf has to be built anew: another version, another way to build it, another system. */
async function libbpfKey(): Promise<string> {
  const recipe = await Deno.readFile(new URL(import.meta.url));
  const release = isFile("/etc/os-release") ? await Deno.readTextFile("/etc/os-release") : "";
  const system = release.split("\n").filter((line) => /^(ID|VERSION_ID)=/.test(line)).join(" ");
  return stampKey([LIBBPF_SOURCE.sha256, sha256(recipe), Deno.build.arch, system]);
}

/** Unpacks and compiles; returns a folder with `lib` and `include`. */
async function compile(archive: string, workDir: string): Promise<string> {
  const source = join(workDir, "source");
  const objects = join(workDir, "objects");
  const whole = join(workDir, "libbpf");
  for (const folder of [source, objects, join(whole, "lib")]) await Deno.mkdir(folder, { recursive: true });
  await runOrFail("unpack libbpf", "tar", ["-xzf", archive, "-C", source, "--strip-components=1"]);
  // NO_PKG_CONFIG: one package less to install; libelf and zlib need no flags of their own.
  const make = ["-s", "-C", join(source, "src"), `OBJDIR=${objects}`, "NO_PKG_CONFIG=1", "CFLAGS=-O2"];
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
