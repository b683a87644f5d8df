import { basename, join } from "node:path";
import { findProgram, lastLines, run, SetupError } from "./command.ts";
import { BPF_OBJECT_DIR, LIBBPF_DIR, ROOT } from "./paths.ts";
import { isFresh, sha256, stampKey, writeStamp } from "./stamp.ts";

/** The folder of the eBPF programs' sources: `NAME.bpf.c`, and the headers that they share. */
const SOURCE_DIR = join(ROOT, "bpf");

/** libbpf's name for a processor, as its tracing headers want it. */
const TARGET_ARCH: Record<typeof Deno.build.arch, string> = { x86_64: "x86", aarch64: "arm64" };

/**
 * The options that every eBPF program is compiled with. `-mcpu=v3` (Linux 5.1) is written out because compilers
 * differ in their default; `-idirafter` finds `asm/types.h`, which Debian keeps in a folder per processor.
 */
export function compilerFlags(arch: typeof Deno.build.arch, libbpfDir: string): string[] {
  return [
    ..."-g -O2 -Wall -Werror -target bpf -mcpu=v3".split(" "),
    `-D__TARGET_ARCH_${TARGET_ARCH[arch]}`,
    // The type information names the source: the same wherever the checkout is.
    `-ffile-prefix-map=${ROOT}=.`,
    "-I",
    join(libbpfDir, "include"),
    "-idirafter",
    `/usr/include/${arch}-linux-gnu`,
  ];
}

/**
 * Compiles each `bpf/NAME.bpf.c` to `build/bpf/NAME.bpf.o`, where its source, a header, the compiler or its
 * options have changed. Objects whose source is gone are removed.
 *
 * @param sourceDir where the sources are
 * @param objectDir where the objects go
 * @throws SetupError with all that the compiler said about each file that failed
 */
export async function compileBpfObjects(
  sourceDir: string = SOURCE_DIR,
  objectDir: string = BPF_OBJECT_DIR,
): Promise<void> {
  await Deno.mkdir(objectDir, { recursive: true });
  const names = [...Deno.readDirSync(sourceDir)].map((entry) => entry.name).sort();
  const sources = names.filter((name) => name.endsWith(".bpf.c"));
  await removeStale(objectDir, sources);
  const flags = compilerFlags(Deno.build.arch, LIBBPF_DIR);
  const shared = [
    ...flags,
    compilerIdentity(),
    await Deno.readTextFile(join(LIBBPF_DIR, ".stamp")),
    ...hashHeaders(sourceDir, names),
  ];
  const results = await Promise.allSettled(
    sources.map((name) => compileOne(join(sourceDir, name), objectDir, flags, shared)),
  );
  const failures = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
  if (failures.length === 0) return;
  throw new SetupError(
    failures.map((error) => error instanceof Error ? error.message : `${error}`).join("\n"),
  );
}

/** Compiles one source, if its object is not there and whole. */
async function compileOne(
  source: string,
  objectDir: string,
  flags: string[],
  shared: string[],
): Promise<void> {
  const name = basename(source).replace(/c$/, "o");
  const object = join(objectDir, name);
  const stampFile = join(objectDir, `.${name}.stamp`);
  const key = stampKey([...shared, name, sha256(await Deno.readFile(source))]);
  if (isFresh(stampFile, key, [object])) return;
  console.error(`Compiling ${name}`);
  const unfinished = join(objectDir, `.${name}.new`);
  const result = await run("clang", [...flags, "-c", source, "-o", unfinished]);
  if (!result.success) throw new SetupError(`cannot compile ${source}:\n${result.stderr.trimEnd()}`);
  if (result.stderr.trim() !== "") console.error(lastLines(result.stderr, 20));
  await Deno.rename(unfinished, object);
  await writeStamp(stampFile, key);
}

/** Which compiler `clang` is, without the time that starting it takes. */
function compilerIdentity(): string {
  const path = findProgram("clang");
  if (path === undefined) throw new SetupError("cannot compile eBPF programs: clang is not in PATH", 3);
  const file = Deno.realPathSync(path);
  const { size, mtime } = Deno.statSync(file);
  return `${file} ${size} ${mtime?.getTime()}`;
}

/** Names and hashes of the headers beside the sources: any of them may be included by any source. */
function hashHeaders(sourceDir: string, names: string[]): string[] {
  return names
    .filter((name) => name.endsWith(".h"))
    .map((name) => `${name} ${sha256(Deno.readFileSync(join(sourceDir, name)))}`);
}

/** Removes objects and stamps that belong to no source, so that nobody loads a program that is gone. */
async function removeStale(objectDir: string, sources: string[]): Promise<void> {
  const objects = new Set(sources.map((name) => name.replace(/c$/, "o")));
  for (const { name } of [...Deno.readDirSync(objectDir)]) {
    const object = /^\.?(.+\.bpf\.o)(\.stamp|\.new)?$/.exec(name)?.[1];
    if (object !== undefined && !objects.has(object)) await Deno.remove(join(objectDir, name));
  }
}
