/** Engines' daemons and commands, started for a benchmark or a test and ended with it. */
import { sleep } from "../clock.ts";

/** How often it is tried whether a daemon answers, and how far apart. */
const TRIES = 2400, APART_MS = 50;

/** Runs a command to its end; its output. */
export async function output(command: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command[0]!, {
    args: command.slice(1),
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) throw new Error(`${command.join(" ").slice(0, 200)}: ${text(stderr)}`);
  return text(stdout);
}

/** A daemon. What it says is written to `log`. */
export class Daemon {
  #process: Deno.ChildProcess | undefined;

  constructor(readonly command: string[], readonly log: string) {}

  /** Starts it, and waits until `probe` succeeds. */
  async start(probe: () => Promise<unknown>): Promise<void> {
    const [program = "", ...args] = this.command;
    this.#process = new Deno.Command("/bin/sh", {
      args: ["-c", 'exec "$@" >> "$0" 2>&1', this.log, program, ...args],
      stdin: "null",
    }).spawn();
    let over = false;
    this.#process.status.then(() => over = true);
    for (let left = TRIES;; left--) {
      try {
        await probe();
        return;
      } catch (error) {
        if (left === 0 || over) throw new Error(`${error}; ${await Deno.readTextFile(this.log)}`);
        await sleep(APART_MS);
      }
    }
  }

  async stop(signal: Deno.Signal): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    try {
      process?.kill(signal);
    } catch {
      // it has ended
    }
    await process?.status;
  }
}

/** Removes cgroups that runtimes have left behind in all hierarchies: empty ones, from the innermost outwards. */
export async function removeCgroups(...paths: string[]): Promise<void> {
  const mounts = (await Deno.readTextFile("/proc/self/mountinfo")).split("\n")
    .filter((line) => / - cgroup2? /.test(line)).map((line) => line.split(" ")[4]!);
  const remove = (folder: string) => {
    try {
      for (const { name, isDirectory } of Deno.readDirSync(folder)) {
        if (isDirectory) remove(`${folder}/${name}`);
      }
      Deno.removeSync(folder);
    } catch {
      // not there, or another's
    }
  };
  for (const mount of mounts) for (const path of paths) remove(mount + path);
}
