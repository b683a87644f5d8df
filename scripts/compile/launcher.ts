import { join } from "node:path";
import { lastLines, run, SetupError } from "../command.ts";
import { ROOT } from "../paths.ts";
import { CLOSED, PERMISSIONS } from "./options.ts";

/**
 * What Deno is told before the program's own arguments. Its kind is said, because a descriptor's path has no ending, and it
 * is said exactly, so that Deno need not find out whether it is CommonJS.
 */
const RUN_OPTIONS = ["--quiet", "--no-prompt", "--no-code-cache", "--ext=mjs", ...CLOSED, ...PERMISSIONS];

/**
 * Compiles the portable file's launcher, linked statically.
 * @throws SetupError with the compiler's last lines
 */
export async function compileLauncher(executable: string): Promise<void> {
  const source = join(ROOT, "scripts", "launcher", "launcher.c");
  const options = RUN_OPTIONS.map((option) => JSON.stringify(option)).join(",");
  const { success, stderr } = await run("cc", [
    ...["-std=c11", "-O2", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror"],
    ...[`-DDENO_OPTIONS=${options}`, `-ffile-prefix-map=${ROOT}=.`],
    ...[source, "-static", "-s", "-Wl,--gc-sections", "-lcrypto", "-lzstd", "-o", executable],
  ]);
  if (!success) throw new SetupError(`cannot compile ${source}: cc failed:\n${lastLines(stderr, 15)}`);
}
