/**
 * Compiles small native programs: a folder of C sources into one executable.
 */
import { join } from "node:path";
import { lastLines, run, SetupError } from "./command.ts";
import { isFresh, stampKey, writeStamp } from "./stamp.ts";

const FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"];

/** Linked statically where the machine has a static C library: a fork then copies less, and a start loads less. */
const LINKS = [["-static", "-lm"], ["-lm"]];

/**
 * Compiles the sources of `sourceDir` into `outDir/name` where a source or the options have changed. The executable is
 * replaced as a whole, so one that is running goes on.
 *
 * @param outDir made where it is missing
 * @throws SetupError with the compiler's last lines
 */
export async function buildNativeProgram(sourceDir: string, outDir: string, name: string): Promise<void> {
  const sources = listSources(sourceDir);
  const key = stampKey([
    ...FLAGS,
    ...LINKS.flat(),
    ...sources.flatMap((path) => [path, Deno.readTextFileSync(path)]),
  ]);
  const binary = join(outDir, name);
  const stamp = join(outDir, `${name}.stamp`);
  if (isFresh(stamp, key, [binary])) return;
  await Deno.mkdir(outDir, { recursive: true });
  const unfinished = await Deno.makeTempFile({ dir: outDir, prefix: `${name}.` });
  try {
    await compile(sources.filter((path) => path.endsWith(".c")), unfinished, sourceDir);
    await Deno.chmod(unfinished, 0o755);
    await Deno.rename(unfinished, binary);
  } catch (error) {
    await Deno.remove(unfinished).catch(() => {});
    throw error;
  }
  await writeStamp(stamp, key);
}

function listSources(folder: string): string[] {
  return [...Deno.readDirSync(folder)]
    .filter((entry) => entry.isFile && /\.[ch]$/.test(entry.name))
    .map((entry) => join(folder, entry.name))
    .sort();
}

async function compile(sources: string[], binary: string, sourceDir: string): Promise<void> {
  let output = "";
  for (const link of LINKS) {
    const result = await run("cc", [...FLAGS, ...sources, ...link, "-o", binary]);
    if (result.success) return;
    output = result.stderr || result.stdout;
  }
  throw new SetupError(`cannot compile ${sourceDir}: cc failed:\n${lastLines(output, 15)}`);
}
