/**
 * `alps-agent host --cgroups`: a cgroup of the cpu controller for each function, all under one that the host makes.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { type CgroupMount, cgroupMount } from "../enforce/cgroup_mount.ts";
import { NotSupportedError, osReason } from "../ffi/errors.ts";

const PREFIX = "alps-host-";
/** Longest name of a cgroup that is made as it is; a longer one is cut, and told apart by a hash. */
const NAME_MOST = 200;
/** How often, and how many milliseconds apart, a cgroup is tried to be removed: the kernel lets go of dead tasks late. */
const TRIES = 200, PAUSE_MS = 10;

/** The cgroups of a host's functions. */
export class FunctionCgroups implements AsyncDisposable {
  readonly #folders = new Set<string>();

  private constructor(
    readonly mount: CgroupMount,
    readonly parent: string,
    /** Whether the root of version 2 had to be told to hand the cpu controller down. */
    readonly cpuAllowed: boolean,
  ) {}

  /** Makes the parent. @throws NotSupportedError where this machine does not let it */
  static async make(): Promise<FunctionCgroups> {
    const mount = cgroupMount();
    if (!mount) {
      throw new NotSupportedError(
        "cannot make cgroups: no hierarchy with the cpu controller is mounted",
        "mount one (version 1 with cpu, or version 2), or leave --cgroups out",
      );
    }
    const parent = `${mount.path}/${PREFIX}${Deno.pid}`;
    let cpuAllowed = false;
    try {
      await removeLeftovers(mount.path);
      if (mount.version === 2) cpuAllowed = allowCpu(mount.path);
      await Deno.mkdir(parent);
      if (mount.version === 2) allowCpu(parent);
    } catch (error) {
      await Deno.remove(parent).catch(() => {});
      throw new NotSupportedError(
        `cannot make a cgroup in ${mount.path}: ${osReason(error)}`,
        "run the host as root, in a container privileged, or leave --cgroups out",
      );
    }
    return new FunctionCgroups(mount, parent, cpuAllowed);
  }

  /** The file that a process of the function has to write 0 into; makes the function's cgroup where it is new. */
  joinFileOf(functionName: string): string {
    return this.#joinFile(cgroupName(functionName));
  }

  /** The same for a worker of OpenLambda's, whose sandbox is called as there: `<worker>-sandboxes/cg-1`. */
  joinFileOfWorker(worker: string): string {
    return this.#joinFile(`${cgroupName(worker)}-sandboxes`, "cg-1");
  }

  #joinFile(...names: string[]): string {
    let folder = this.parent;
    for (const name of names) {
      if (this.mount.version === 2) allowCpu(folder);
      folder += `/${name}`;
      if (this.#folders.has(folder)) continue;
      Deno.mkdirSync(folder, { recursive: true });
      this.#folders.add(folder);
    }
    // One thread at a time is moved without stopping every fork of the machine, in version 1.
    return `${folder}/${this.mount.version === 1 ? "tasks" : "cgroup.procs"}`;
  }

  /** Removes all of them. Their processes must have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const folder of [...this.#folders].reverse()) await removeCgroup(folder);
    await removeCgroup(this.parent);
    if (!this.cpuAllowed) return;
    // Refused where somebody else has come to use it meanwhile: then it stays.
    await Deno.writeTextFile(`${this.mount.path}/cgroup.subtree_control`, "-cpu").catch(() => {});
  }
}

/** A function's name as that of a cgroup: percent-encoded, never `.` or `..`, and not too long. */
export function cgroupName(functionName: string): string {
  const name = encodeURIComponent(functionName.toWellFormed()).replaceAll(".", "%2E");
  if (name.length <= NAME_MOST) return name;
  const hash = createHash("sha256").update(functionName).digest("hex").slice(0, 16);
  return `${name.slice(0, NAME_MOST)}~${hash}`;
}

/** Lets the cgroups below have the cpu controller. Returns whether they had not. */
function allowCpu(folder: string): boolean {
  const file = `${folder}/cgroup.subtree_control`;
  if (Deno.readTextFileSync(file).trim().split(" ").includes("cpu")) return false;
  Deno.writeTextFileSync(file, "+cpu");
  return true;
}

/** Cgroups of hosts that were killed: empty ones of processes that are no more. */
async function removeLeftovers(root: string): Promise<void> {
  for (const { name } of [...Deno.readDirSync(root)]) {
    if (!name.startsWith(PREFIX) || existsSync(`/proc/${name.slice(PREFIX.length)}`)) continue;
    await removeEmpty(`${root}/${name}`);
  }
}

async function removeEmpty(folder: string): Promise<void> {
  for (const entry of [...Deno.readDirSync(folder)]) {
    if (entry.isDirectory) await removeEmpty(`${folder}/${entry.name}`);
  }
  await Deno.remove(folder).catch(() => {});
}

async function removeCgroup(folder: string): Promise<void> {
  for (let left = TRIES;; left--) {
    try {
      return await Deno.remove(folder);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      if (left === 0) return console.error(`cannot remove ${folder}: ${osReason(error)}`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
