/** Newer compilers than a distribution's default. */
import { findProgram, run } from "./command.ts";

/** Names under which Debian has them; the first that is there is taken. */
const NAMES = ["clang-16", "clang-17", "clang-18", "clang-19", "clang"];

/** The name of a clang of this version or a newer one; undefined where there is none. */
export async function findClang(least: number): Promise<string | undefined> {
  for (const name of NAMES) {
    if (findProgram(name) === undefined) continue;
    const { stdout } = await run(name, ["-dumpversion"]);
    if (Number.parseInt(stdout) >= least) return name;
  }
  return undefined;
}
