/** The portable file, made once for all tests of a file. */
import { join } from "node:path";
import { build } from "../scripts/build.ts";
import { compile } from "../scripts/compile.ts";
import { stage } from "../scripts/compile/stage.ts";
import { withBuildLock } from "../scripts/lock.ts";
import { BUILD_DIR } from "../scripts/paths.ts";

let made: Promise<string> | undefined;

/** The path of a portable file of this checkout. Machines that cannot build get one with `ALPS_TEST_PORTABLE`. */
export function portable(): Promise<string> {
  return made ??= make();
}

async function make(): Promise<string> {
  const given = Deno.env.get("ALPS_TEST_PORTABLE");
  if (given !== undefined) return given;
  const out = join(BUILD_DIR, "compile", "alps-agent");
  await withBuildLock(() => compile({ out, portable: true }));
  return out;
}

/** Gives `action` a folder with the files that go into the one file. */
export async function withStage(action: (folder: string, names: string[]) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const names = await withBuildLock(async () => {
      await build();
      return await stage(folder);
    });
    await action(folder, names);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What a program printed, and how it ended. */
export interface Finished {
  code: number;
  signal: Deno.Signal | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program to its end. One that has just been written may be busy for a moment: a child that another thread of this
 * process has forked holds all of its files until it executes a program.
 */
export async function finish(command: string[], options: Deno.CommandOptions = {}): Promise<Finished> {
  const program = new Deno.Command(command[0]!, { args: command.slice(1), stdin: "null", ...options });
  for (;;) {
    try {
      const { code, signal, stdout, stderr } = await program.output();
      const text = new TextDecoder();
      return { code, signal, stdout: text.decode(stdout), stderr: text.decode(stderr) };
    } catch (error) {
      if (!(error instanceof Error && error.message.includes("Text file busy"))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
