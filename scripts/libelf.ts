import { basename, join } from "node:path";
import { runOrFail } from "./command.ts";
import { ROOT } from "./paths.ts";

/** Our part of the recipe: what elfutils' configure would have written, and functions that older glibc lacks. */
export const NATIVE_DIR: string = join(ROOT, "scripts", "native");

/** Archives and headers that libbpf is linked with, and what of ours goes into the shared object with them. */
export interface StaticLibraries {
  /** `libelf.h`, `gelf.h`, `zlib.h`. */
  includeDir: string;
  /** `libelf.a` and `libz.a`, position-independent. */
  libraryDir: string;
  /** See `scripts/native/older_glibc.c`. */
  olderGlibc: string;
}

/**
 * Compiles libelf and zlib to archives that can be linked into a shared object. Their sources are compiled directly: what
 * their configure scripts would find out is known (Linux, glibc), and they would want more programs than we do.
 *
 * @param archives the two source archives
 * @param workDir an empty folder
 */
export async function compileLibelf(
  archives: { elfutils: string; zlib: string },
  workDir: string,
): Promise<StaticLibraries> {
  const folder = (name: string) => join(workDir, name);
  const [elfutils, zlib, includeDir, libraryDir] = ["elfutils", "zlib", "include", "lib"].map(folder) as [
    string,
    string,
    string,
    string,
  ];
  for (const name of [elfutils, zlib, includeDir, libraryDir]) await Deno.mkdir(name, { recursive: true });
  await runOrFail("unpack elfutils", "tar", [
    ...["-xjf", archives.elfutils, "-C", elfutils, "--strip-components=1", "--wildcards"],
    ...["*/lib/*", "*/libelf/*"],
  ]);
  await runOrFail("unpack zlib", "tar", ["-xzf", archives.zlib, "-C", zlib, "--strip-components=1"]);
  const headers = [["libelf", "libelf.h"], ["libelf", "gelf.h"]].map(([dir, name]) =>
    join(elfutils, dir!, name!)
  )
    .concat(["zlib.h", "zconf.h"].map((name) => join(zlib, name)));
  await runOrFail("copy headers", "cp", [...headers, includeDir]);

  // libbpf reads /proc/config.gz through zlib, by the functions for large files.
  const zlibOptions = ["-DHAVE_UNISTD_H", "-D_LARGEFILE64_SOURCE"];
  await compileArchive("zlib", zlib, cSources(zlib), join(libraryDir, "libz.a"), zlibOptions);
  const makefile = await Deno.readTextFile(join(elfutils, "libelf", "Makefile.am"));
  await compileArchive(
    "libelf",
    join(elfutils, "libelf"),
    [...libelfSources(makefile), "../lib/eu-search.c"],
    join(libraryDir, "libelf.a"),
    [
      "-std=gnu99",
      "-DHAVE_CONFIG_H",
      ...[NATIVE_DIR, join(elfutils, "libelf"), join(elfutils, "lib"), zlib].flatMap((dir) => ["-I", dir]),
    ],
  );
  const olderGlibc = folder("older_glibc.o");
  await runOrFail("compile older_glibc.c", "cc", [
    ...["-std=c11", "-O2", "-fPIC", "-Wall", "-Werror", "-fvisibility=hidden"],
    ...["-c", join(NATIVE_DIR, "older_glibc.c"), "-o", olderGlibc],
  ]);
  return { includeDir, libraryDir, olderGlibc };
}

/** The C files that elfutils' own Makefile.am makes libelf of. */
export function libelfSources(makefile: string): string[] {
  const list = /^libelf_a_SOURCES = ((?:.*\\\n)*.*)$/m.exec(makefile)?.[1] ?? "";
  return list.split(/[\s\\]+/).filter((name) => name.endsWith(".c"));
}

/** Compiles C files of a folder into an archive of position-independent objects. */
async function compileArchive(
  what: string,
  folder: string,
  sources: string[],
  archive: string,
  options: string[],
): Promise<void> {
  const objects = sources.map((name) => basename(name).replace(/c$/, "o"));
  // A few files for each compiler that runs: one process per file would take longer to start than to compile.
  const lots = navigator.hardwareConcurrency;
  await Promise.all(Array.from({ length: lots }, (_, lot) => {
    const mine = sources.filter((_, index) => index % lots === lot);
    return runOrFail(`compile ${what}`, "cc", ["-O2", "-fPIC", "-w", ...options, "-c", ...mine], {
      cwd: folder,
    });
  }));
  await runOrFail(`archive ${what}`, "ar", ["rcsD", archive, ...objects], { cwd: folder });
}

function cSources(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).filter((name) => name.endsWith(".c"))
    .sort();
}
