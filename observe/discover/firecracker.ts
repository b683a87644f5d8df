/**
 * Micro-VMs of Firecracker's jailer: `<parent>/<id>`, where the parent is called as the executable is, `firecracker` (jailer,
 * docs/jailer.md). The id is all that tells.
 */

import type { Found, Place, Source, SourceStatus } from "./source.ts";

/** Units of systemd that are called so hold no VMs, but what they like. */
const PATH =
  /^(.*\/firecracker(?:(?!\.(?:service|slice|scope|mount|socket)\/)[\w.-])*\/([A-Za-z0-9-]{1,64}))(?:\/|$)/;

/** An id that was drawn by lot says nothing of a function. */
const RANDOM = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32,64})$/i;

export class FirecrackerSource implements Source {
  readonly name = "firecracker";
  readonly status: SourceStatus = { state: "working", detail: "cgroups of the jailer, …/firecracker/ID" };

  /** @param exeOf the path of a process's executable, "" where it cannot be read; replaced in tests */
  constructor(readonly exeOf: (pid: number) => string = readExe) {}

  find({ pid, cgroups }: Place): Found | undefined {
    for (const path of cgroups) {
      const [, cgroup, id] = PATH.exec(path) ?? [];
      if (cgroup === undefined || id === undefined) continue;
      const exe = this.exeOf(pid).split("/").at(-1)!;
      if (exe.startsWith("jailer")) {
        return {
          cgroup,
          instance: id,
          what: { kind: "pending", hint: "the jailer has not started the micro-VM yet" },
        };
      }
      if (!exe.startsWith("firecracker")) continue;
      if (RANDOM.test(id)) {
        return {
          cgroup,
          instance: id,
          what: { kind: "unknown", hint: "the micro-VM's id names no function" },
        };
      }
      const foundBy = "id that the jailer was given";
      return { cgroup, instance: id, what: { kind: "function", platform: "firecracker", name: id, foundBy } };
    }
    return undefined;
  }

  [Symbol.dispose](): void {}
}

function readExe(pid: number): string {
  try {
    return Deno.readLinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
}
