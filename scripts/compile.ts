/**
 * Makes the one file: `deno task compile [--portable] [--out FILE]`.
 *
 * With `deno compile` where Deno's runtime binary `denort` can be had: from `DENORT_BIN`, Deno's cache, or the network.
 * Otherwise, or with `--portable`, the portable file. Beside the file its SHA-256, as `sha256sum --check` reads it.
 */
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { osReason } from "../ffi/errors.ts";
import { build } from "./build.ts";
import { isFile, runScript, SetupError } from "./command.ts";
import { checkProgram, denoCompile, failureOf } from "./compile/deno_compile.ts";
import { compileLauncher } from "./compile/launcher.ts";
import { packedDeno, packedFiles, portableFile } from "./compile/portable.ts";
import { stage } from "./compile/stage.ts";
import { withBuildLock } from "./lock.ts";
import { COMPILE_NEEDS, ensurePackages } from "./packages.ts";
import { BUILD_DIR, ROOT, TEMPORARY_DIR } from "./paths.ts";
import { sha256 } from "./stamp.ts";

/** What is kept between two runs. */
const CACHE_DIR = join(BUILD_DIR, "compile");

/** Makes `out` and `out.sha256`. The caller holds the build lock. */
export async function compile({ out, portable }: { out: string; portable: boolean }): Promise<void> {
  await makeFolder(dirname(out));
  await build();
  await ensurePackages(COMPILE_NEEDS);
  const folder = join(TEMPORARY_DIR, "stage"), made = join(TEMPORARY_DIR, "alps-agent");
  const names = await stage(folder);
  const compiled = portable ? false : await withDenoCompile(folder, names, made);
  if (!compiled) await makePortable(folder, names, made);
  await place(made, out);
  const { size } = Deno.statSync(out);
  console.error(
    `${out}: ${(size / 1e6).toFixed(1)} MB, ${compiled ? "made by deno compile" : "the portable file"}`,
  );
}

/** Tries `deno compile`; says why not where it cannot be done. What `DENORT_BIN` names has to do. */
async function withDenoCompile(folder: string, names: string[], made: string): Promise<boolean> {
  const { success, output } = await denoCompile(folder, names, made);
  if (success) {
    console.error(output.trim());
    const { commit } = JSON.parse(await Deno.readTextFile(join(folder, "about.json")));
    await checkProgram(made, commit);
    return true;
  }
  const given = Deno.env.get("DENORT_BIN");
  if (given !== undefined) {
    throw new SetupError(`cannot compile with DENORT_BIN=${given}: ${failureOf(output)}`);
  }
  console.error(
    `Deno's runtime denort cannot be had (${failureOf(output)}). Making the portable file instead; ` +
      "DENORT_BIN=/path/to/denort names one.",
  );
  return false;
}

async function makePortable(folder: string, names: string[], made: string): Promise<void> {
  const launcher = join(TEMPORARY_DIR, "launcher");
  await compileLauncher(launcher);
  await Deno.mkdir(CACHE_DIR, { recursive: true });
  const payload = [await packedDeno(Deno.execPath(), CACHE_DIR), await packedFiles(folder, names)];
  await Deno.writeFile(made, portableFile(await Deno.readFile(launcher), payload), { mode: 0o755 });
}

/** The folder that the file is for; made first, so that nobody waits for a file that has no place. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    throw new SetupError(`cannot make the folder ${folder}: ${osReason(error)}`);
  }
}

/** Puts the file where it is wanted, as a whole: one that runs from there goes on. Then its checksum beside it. */
async function place(made: string, out: string): Promise<void> {
  const unfinished = join(dirname(out), `.${basename(out)}.${Deno.pid}`);
  try {
    await Deno.copyFile(made, unfinished);
    await Deno.chmod(unfinished, 0o755);
    await Deno.rename(unfinished, out);
    await Deno.writeTextFile(`${out}.sha256`, `${sha256(await Deno.readFile(out))}  ${basename(out)}\n`);
  } catch (error) {
    if (isFile(unfinished)) await Deno.remove(unfinished);
    throw new SetupError(`cannot write ${out}: ${osReason(error)}`);
  }
}

async function main(): Promise<void> {
  const { values } = readArguments();
  await withBuildLock(() =>
    compile({
      out: resolve(values.out ?? join(ROOT, "dist", "alps-agent")),
      portable: values.portable ?? false,
    })
  );
}

function readArguments() {
  try {
    return parseArgs({
      args: Deno.args,
      options: { portable: { type: "boolean" }, out: { type: "string" } },
    });
  } catch (error) {
    throw new SetupError(
      `${error instanceof Error ? error.message : error}: allowed are --portable, --out FILE`,
      2,
    );
  }
}

if (import.meta.main) await runScript(main);
