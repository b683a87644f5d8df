/**
 * A root for the portable file that holds glibc, `/proc` and `/sys`, and nothing else. It is read-only but for `/run`, where
 * nothing can be executed.
 */
import { basename } from "node:path";
import { elfNeeds } from "../elf.ts";
import { portable } from "../portable.ts";
import { AgentProcess } from "./agent_process.ts";

/** Becomes the program in $0, with $1 as its /run. Mounts are this process's own. */
const ENTER = [
  'root=$0 run=$1 && shift && mount --bind "$root" "$root" && mount -o remount,bind,ro "$root"',
  'mount --bind "$run" "$root/run" && mount -o remount,bind,noexec "$root/run"',
  'mount --rbind /proc "$root/proc" && mount --rbind /sys "$root/sys"',
  'exec chroot "$root" /alps-agent "$@"',
].join(" && ");

/** The folder, and what runs in it. */
export class PortableRoot implements AsyncDisposable {
  readonly #processes: AgentProcess[] = [];

  private constructor(readonly folder: string) {}

  static async make(): Promise<PortableRoot> {
    const folder = await Deno.makeTempDir({ prefix: "alps-root-" });
    const root = `${folder}/root`;
    for (const name of ["proc", "sys", "run"]) await Deno.mkdir(`${root}/${name}`, { recursive: true });
    await Deno.mkdir(`${folder}/run`);
    await Deno.copyFile(await portable(), `${root}/alps-agent`);
    for (const library of await librariesOf(Deno.execPath())) {
      await Deno.mkdir(root + library.slice(0, library.lastIndexOf("/")), { recursive: true });
      await Deno.copyFile(library, root + library);
    }
    return new PortableRoot(folder);
  }

  /** The folder that is `/run` inside, as seen from here. */
  get run(): string {
    return `${this.folder}/run`;
  }

  /** The command that runs `alps-agent` there. */
  command(args: readonly string[]): string[] {
    return ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", ENTER, `${this.folder}/root`, this.run, ...args];
  }

  /** Starts it there; what still runs at the end is killed. */
  start(args: readonly string[]): AgentProcess {
    return this.adopt(this.command(args));
  }

  /** Starts a command that becomes an agent with its socket in this root's `/run`, wherever it runs. */
  adopt(command: string[]): AgentProcess {
    const process = new AgentProcess(command, ["--socket", `${this.run}/agent.sock`]);
    this.#processes.push(process);
    return process;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process } of this.#processes) {
      try {
        process.kill("SIGKILL");
      } catch {
        // it has ended
      }
      await process.status;
    }
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** The shared objects that a program starts with, as the dynamic linker finds them on this machine. */
async function librariesOf(program: string): Promise<string[]> {
  const { libraries } = elfNeeds(await Deno.readFile(program));
  const { stdout } = await new Deno.Command("ldd", { args: [program] }).output();
  const found = [...new TextDecoder().decode(stdout).matchAll(/(\/\S+) \(0x/g)].map((match) => match[1]!);
  // The dynamic linker's own path is in the program; the others are found in the usual folders.
  return found.filter((path) => libraries.includes(basename(path)));
}
