/**
 * Whether a process waits because its cgroup has used up its CPU limit (`cpu.max`, `cpu.cfs_quota_us`): the kernel lets nobody
 * in it run until the next period begins, whatever its rank.
 */

import { parseCgroups } from "../observe/proc.ts";
import { readIfThere } from "../observe/read_file.ts";
import { type CgroupMount, cgroupMount } from "./cgroup_mount.ts";

/** Of `cpu.stat`, for as long as the cgroup exists: periods in which somebody wanted to run, and in which the limit was reached. */
interface Periods {
  readonly all: number;
  readonly throttled: number;
}

/** Parses a cgroup's `cpu.stat`, of version 1 or 2; undefined where it tells nothing of limits. */
export function parsePeriods(text: string): Periods | undefined {
  const number = (name: string) => new RegExp(`^${name} ([0-9]+)$`, "m").exec(text)?.[1];
  const all = number("nr_periods"), throttled = number("nr_throttled");
  return all === undefined || throttled === undefined
    ? undefined
    : { all: Number(all), throttled: Number(throttled) };
}

/** Looks at the cgroups of processes that have waited for long; there are few of them. */
export class CpuLimits {
  #before = new Map<string, Periods>();
  #now = new Map<string, Periods>();
  #mount: CgroupMount | undefined;
  #mountIsKnown = false;

  /** @param read a file's text; undefined where it is gone or may not be read */
  constructor(readonly read: (path: string) => string | undefined = readIfThere) {}

  /** Begins a look: what was asked for in the one before is compared with. */
  begin(): void {
    [this.#before, this.#now] = [this.#now, this.#before];
    this.#now.clear();
  }

  /**
   * Whether the limit of a process's cgroup, or of one around it, was reached in half of the periods since the last look, or more. At the
   * first look at a cgroup that has been held by its limit before, that cannot be told: true, and the next look tells.
   */
  hold(pid: number): boolean {
    const path = parseCgroups(this.read(`/proc/${pid}/cgroup`) ?? "").cpu, mount = this.#cgroups();
    if (!mount || !path?.startsWith("/") || path.split("/").includes("..")) return false;
    let held = false;
    for (let part = path; part !== "" && part !== "/"; part = part.slice(0, part.lastIndexOf("/"))) {
      held = this.#holds(mount.path + part) || held; // each is remembered
    }
    return held;
  }

  #holds(folder: string): boolean {
    const now = parsePeriods(this.read(`${folder}/cpu.stat`) ?? "");
    if (!now || now.throttled === 0) return false;
    this.#now.set(folder, now);
    const before = this.#before.get(folder);
    if (!before) return true;
    const all = now.all - before.all, throttled = now.throttled - before.throttled;
    return all > 0 && throttled * 2 >= all;
  }

  #cgroups(): CgroupMount | undefined {
    if (!this.#mountIsKnown) this.#mount = cgroupMount();
    this.#mountIsKnown = true;
    return this.#mount;
  }
}
