/** Cgroups of the tests' own in the hierarchy of the cpu controller, whichever version that is here. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { type CgroupMount, cgroupMount } from "../../enforce/cgroup_mount.ts";

/** The hierarchy; undefined where there is none. */
export const mount: CgroupMount | undefined = cgroupMount();

/** Whether each session of the root cgroup is a scheduling group; where not, that is said. */
export function autogroupIsOn(): boolean {
  const on = Deno.readTextFileSync("/proc/sys/kernel/sched_autogroup_enabled").trim() === "1";
  if (!on) console.log("skip: autogroup is off");
  return on;
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // it has ended
  }
}

/** A cgroup of a test's own: all that is in it was started by the test. */
export class TestCgroup implements AsyncDisposable {
  private constructor(readonly path: string, readonly parent?: TestCgroup) {}

  /** One below the root, with a name that no other test has. */
  static make(name: string): TestCgroup {
    assert.ok(mount, "no hierarchy with the cpu controller is mounted");
    if (mount.version === 2) Deno.writeTextFileSync(`${mount.path}/cgroup.subtree_control`, "+cpu");
    const path = `${mount.path}/alps-test-${Deno.pid}-${name}`;
    Deno.mkdirSync(path);
    return new TestCgroup(path);
  }

  /** One inside of it. In version 2, no process can be in it itself then. */
  make(name: string): TestCgroup {
    if (mount!.version === 2) this.write("cgroup.subtree_control", "+cpu");
    Deno.mkdirSync(`${this.path}/${name}`);
    return new TestCgroup(`${this.path}/${name}`, this);
  }

  get inode(): number {
    return Deno.statSync(this.path).ino!;
  }

  /** Moves processes into it. */
  take(...pids: number[]): void {
    for (const pid of pids) this.write("cgroup.procs", String(pid));
  }

  write(file: string, text: string): void {
    Deno.writeTextFileSync(`${this.path}/${file}`, text);
  }

  read(file: string): string {
    return Deno.readTextFileSync(`${this.path}/${file}`).trim();
  }

  /** A weight in the units of version 1, 1024 being what every cgroup has; written where it is given. */
  get weight(): string {
    return this.read(mount!.weightFile);
  }

  set weight(weight: string) {
    this.write(mount!.weightFile, weight);
  }

  get demoted(): boolean {
    return this.weight === mount!.leastWeight;
  }

  /** Removes it. It is busy until the kernel has let go of the processes that ended in it. */
  async remove(): Promise<void> {
    for (let left = 500;; left--) {
      try {
        return Deno.removeSync(this.path);
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return;
        if (left === 0) throw error;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }

  /** Ends what is in it still, and removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (existsSync(this.path)) {
      for (const pid of this.read("cgroup.procs").split("\n").filter(Boolean)) kill(Number(pid));
    }
    await this.remove();
  }
}
