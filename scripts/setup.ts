/**
 * Makes a machine ready to build: `deno task setup`; `build`, `demo` and `test` call it too.
 *
 * 1. What is missing of clang, make, gcc and the C headers is installed with apt-get when run by root; otherwise
 *    the command to run is printed and the exit status is 3.
 * 2. libbpf 1.5.0 is built into build/libbpf from Debian's source package, whose SHA-256 is pinned. It is
 *    fetched by apt from the mirror that the machine is configured with, in a state of its own below build/tmp:
 *    the machine's sources, lists and caches stay as they are.
 *
 * Environment: `ALPS_LIBBPF_TARBALL=/path/to/libbpf_1.5.0.orig.tar.gz` takes the archive from there (its checksum
 * is verified all the same); `ALPS_DEBIAN_MIRROR=ADDRESS` takes another mirror. Doing it again takes a moment.
 */
import { runScript } from "./command.ts";
import { ensureLibbpf } from "./libbpf.ts";
import { withBuildLock } from "./lock.ts";
import { ensurePackages } from "./packages.ts";

/** Installs what is missing and builds libbpf. The caller holds the build lock. */
export async function setUp(): Promise<void> {
  await ensurePackages();
  await ensureLibbpf();
}

if (import.meta.main) await runScript(() => withBuildLock(setUp));
