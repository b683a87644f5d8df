/**
 * The machine and the version that figures were measured on.
 */
import { arch, cpus, hostname, release, totalmem } from "node:os";
import { dirname } from "node:path";
import type { Machine } from "./results.ts";

/** This machine, as results name it. */
export function describeMachine(cores: number = navigator.hardwareConcurrency): Machine {
  return {
    hostname: hostname(),
    kernel: release(),
    cpu: cpus()[0]?.model.trim() || arch(),
    cores,
    memory_mb: Math.round(totalmem() / 2 ** 20),
  };
}

/**
 * The commit of a checkout, with `-dirty` after it where files differ from it.
 *
 * @param folder the checkout's top folder
 * @returns `unknown` where the folder is no checkout or there is no git
 */
export async function describeCommit(folder: string): Promise<string> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      // A checkout of another user's, as under sudo, is still the one that runs.
      args: [
        "-c",
        `safe.directory=${folder}`,
        "describe",
        "--always",
        "--exclude=*",
        "--abbrev=40",
        "--dirty",
      ],
      cwd: folder,
      // A repository that merely surrounds the folder says nothing about it.
      env: { GIT_CEILING_DIRECTORIES: dirname(folder) },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).output();
    const commit = new TextDecoder().decode(stdout).trim();
    return success && commit !== "" ? commit : "unknown";
  } catch {
    return "unknown";
  }
}
