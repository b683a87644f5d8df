/** Set-up or build cannot go on; `status` is the exit status of the script. */
export class SetupError extends Error {
  override name = "SetupError";
  /** @param status 1: something failed; 2: wrong usage; 3: not possible on this machine as it is */
  constructor(message: string, readonly status: 1 | 2 | 3 = 1) {
    super(message);
  }
}

/** How to run a command; what is left out is inherited from this process. */
export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
}

/** What a finished command printed. */
export interface RunResult {
  success: boolean;
  stdout: string;
  stderr: string;
}

/**
 * Runs a command to its end with nothing on its standard input.
 *
 * @throws SetupError where the program itself is missing
 */
export async function run(program: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  try {
    const output = await new Deno.Command(program, {
      args,
      ...options,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const text = new TextDecoder();
    return {
      success: output.success,
      stdout: text.decode(output.stdout),
      stderr: text.decode(output.stderr),
    };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new SetupError(`cannot run "${program}": it is not installed, or its folder is not in PATH`);
  }
}

/**
 * Runs a command that has to succeed, and returns its standard output.
 *
 * @param action what the command is for, as in "cannot <action>"
 * @throws SetupError with the last lines that the command printed
 */
export async function runOrFail(
  action: string,
  program: string,
  args: string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await run(program, args, options);
  if (result.success) return result.stdout;
  throw new SetupError(
    `cannot ${action}: ${program} failed:\n${lastLines(result.stderr || result.stdout, 15)}`,
  );
}

/** The last `count` lines of a text that are not blank. */
export function lastLines(text: string, count: number): string {
  return text.split("\n").filter((line) => line.trim() !== "").slice(-count).join("\n");
}

/** Where a program is found in a `PATH`, or undefined. */
export function findProgram(name: string, path: string = Deno.env.get("PATH") ?? ""): string | undefined {
  for (const folder of path.split(":")) {
    if (folder === "") continue;
    const file = `${folder}/${name}`;
    if (isFile(file)) return file;
  }
  return undefined;
}

/** Whether a path leads to a regular file. */
export function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** What a full, read-only or limited file system answers: ENOSPC, EROFS, EDQUOT. */
const NO_ROOM = /\(os error (28|30|122)\)/;

/**
 * Runs a script's main function: a {@link SetupError} becomes its message on standard error and its exit
 * status, as does a file that somebody else owns; anything else is a fault of ours and keeps its stack.
 */
export async function runScript(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (error instanceof SetupError) {
      console.error(error.message);
      Deno.exit(error.status);
    }
    if (error instanceof Error && NO_ROOM.test(error.message)) {
      // Deno's message ends with the operation and the place.
      console.error(`cannot build: ${error.message}`);
      Deno.exit(1);
    }
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    console.error(
      `${error.message}\nIs the folder build/ another user's? Remove it, or run this as that user.`,
    );
    Deno.exit(1);
  }
}
