/**
 * OpenLambda's SOCK sandboxes: `<worker>-sandboxes/cg-<number>`. The name of the lambda is in what is mounted in the sandbox: its
 * code, `<worker_dir>/code/<number>-<lambda>`, at `/handler`. Where ALPS's configuration of the worker is known, it names the
 * function: a worker serves one.
 */

import { parseMountinfo } from "./mountinfo.ts";
import { readLimited } from "./read_limited.ts";
import type { Found, Place, Source, SourceStatus } from "./source.ts";
import type { WorkerConfig } from "./worker_config.ts";

const SANDBOX = /^(.*\/([^/]+)-sandboxes\/cg-[0-9]+)(?:\/|$)/;

/** What is mounted at `/handler` and at `/host`: worker's folder, number, lambda. */
const CODE = /^(.*)\/(?:code|scratch)\/[0-9]+-([^/]+)$/;

/** A file in /proc has no length to go by. */
const MOST_BYTES = 1 << 20;

export class OpenLambdaSource implements Source {
  readonly name = "openlambda";

  /** @param readMounts the text of a process's mountinfo; replaced in tests */
  constructor(
    readonly workers: readonly WorkerConfig[],
    readonly readMounts: (pid: number) => string = mountsOf,
  ) {}

  get status(): SourceStatus {
    const known = this.workers.length > 0 ? `, ${this.workers.length} workers configured` : "";
    return { state: "working", detail: `cgroups …-sandboxes/cg-N${known}` };
  }

  find({ pid, cgroups }: Place): Found | undefined {
    for (const path of cgroups) {
      const [, cgroup, worker] = SANDBOX.exec(path) ?? [];
      if (cgroup === undefined) continue;
      return { cgroup, instance: cgroup, what: this.#look(pid, worker!) };
    }
    return undefined;
  }

  #look(pid: number, worker: string): Found["what"] {
    const mounts = parseMountinfo(this.readMounts(pid));
    const at = (point: string) => CODE.exec(mounts.find((mount) => mount.point === point)?.root ?? "");
    const [, folder, lambda] = at("/handler") ?? [];
    // Of a file system that is mounted elsewhere, only the end of the path is in the list of mounts.
    const config =
      this.workers.find(({ workerDir }) =>
        folder !== undefined && (workerDir === folder || workerDir?.endsWith(folder))
      ) ?? this.workers.find(({ name }) => name === worker);
    if (config) {
      const foundBy = `worker ${config.name} of OpenLambda`;
      return { kind: "function", platform: "openlambda", name: config.functionName, id: config.id, foundBy };
    }
    if (lambda === undefined) {
      // Before it has changed its root it sees other mounts; one that never has any forks others.
      return { kind: "pending", hint: `a sandbox of OpenLambda's worker ${worker} without a lambda` };
    }
    return { kind: "function", platform: "openlambda", name: lambda, foundBy: "the sandbox's mounts" };
  }

  [Symbol.dispose](): void {}
}

function mountsOf(pid: number): string {
  const file = readLimited(`/proc/${pid}/mountinfo`, MOST_BYTES);
  return "text" in file ? file.text : "";
}
