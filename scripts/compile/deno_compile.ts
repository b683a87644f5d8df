import { join } from "node:path";
import { lastLines, run, SetupError } from "../command.ts";
import { OPTIONS } from "./options.ts";

/** What `deno compile` did. */
export interface Compiled {
  success: boolean;
  /** All that it printed, without colours: the embedded files among it. */
  output: string;
}

/**
 * Makes the one file with `deno compile`, which gets Deno's runtime from `DENORT_BIN`, its cache or the network.
 *
 * @param folder the staged files
 * @param names all of them
 * @param denort instead of what `DENORT_BIN` says
 */
export async function denoCompile(
  folder: string,
  names: readonly string[],
  executable: string,
  denort?: string,
): Promise<Compiled> {
  const embedded = names.filter((name) => name !== "agent.js").flatMap((
    name,
  ) => ["--include", join(folder, name)]);
  const env: Record<string, string> = { NO_COLOR: "1" };
  if (denort !== undefined) env["DENORT_BIN"] = denort;
  const { success, stdout, stderr } = await run(Deno.execPath(), [
    ...["compile", "--no-check", "--no-prompt", "--no-code-cache", ...OPTIONS, ...embedded],
    ...["--output", executable, join(folder, "agent.js")],
  ], { env });
  return { success, output: stdout + stderr };
}

/**
 * Throws where an executable is not the program that was embedded: what `DENORT_BIN` names may be another Deno program,
 * which starts, but does not look for what is embedded.
 */
export async function checkProgram(executable: string, commit: string): Promise<void> {
  const { stdout, stderr } = await run(executable, ["--version"]);
  if (stdout.startsWith("alps-agent ") && stdout.includes(commit)) return;
  throw new SetupError(
    `cannot use what deno compile made: its runtime does not run the embedded program (DENORT_BIN must name the denort ` +
      `of Deno ${Deno.version.deno}); --version prints:\n${lastLines(stdout + stderr, 3)}`,
  );
}

/** Why `deno compile` failed, in one line. */
export function failureOf(output: string): string {
  const lines = output.split("\n").map((line) => line.trim());
  return lines.find((line) => /error sending request|dns error|404|no such file/i.test(line))?.replace(
    /^\d+: /,
    "",
  ) ??
    lastLines(output, 1);
}
