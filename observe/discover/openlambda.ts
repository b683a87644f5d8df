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
      const text = this.readMounts(pid), config = this.#configOf(text, worker!);
      // A sandbox's processes are forked by one outside of it, a zygote or the embedded host.
      if (config) return { cgroup, instance: cgroup, what: configured(config), filledFromOutside: true };
      // OpenLambda uses cgroups again (Reuse_cgroups): what is in it next may be another lambda's.
      return { cgroup, instance: cgroup, what: mounted(text, worker!), fleeting: true };
    }
    return undefined;
  }

  /** The worker whose sandbox it is: a worker serves one function, whatever is mounted. */
  #configOf(text: string, worker: string): WorkerConfig | undefined {
    const folder = codeAt(text, "/handler")?.folder, { workers } = this;
    const exact = workers.find(({ workerDir }) => workerDir !== undefined && workerDir === folder);
    if (exact) return exact;
    // Of a file system that is mounted elsewhere, only the end of the path is in the list of mounts.
    const alike = workers.filter(({ workerDir }) => folder && workerDir?.endsWith(folder));
    return alike.length === 1 ? alike[0] : workers.find(({ name }) => name === worker);
  }

  [Symbol.dispose](): void {}
}

/** What is mounted at a place of the sandbox's, as far as it is a lambda's. */
function codeAt(mountinfo: string, point: string): { folder: string; lambda: string } | undefined {
  const root = parseMountinfo(mountinfo).find((mount) => mount.point === point)?.root;
  const [, folder, lambda] = CODE.exec(root ?? "") ?? [];
  return folder === undefined || lambda === undefined ? undefined : { folder, lambda };
}

function configured({ name, functionName, id }: WorkerConfig): Found["what"] {
  return {
    kind: "function",
    platform: "openlambda",
    name: functionName,
    id,
    foundBy: `worker ${name} of OpenLambda`,
  };
}

function mounted(mountinfo: string, worker: string): Found["what"] {
  const lambda = codeAt(mountinfo, "/handler")?.lambda;
  return lambda === undefined
    // Before it has changed its root it sees other mounts; one that never has any forks others.
    ? { kind: "pending", hint: `a sandbox of OpenLambda's worker ${worker} without a lambda` }
    : { kind: "function", platform: "openlambda", name: lambda, foundBy: "the sandbox's mounts" };
}

function mountsOf(pid: number): string {
  const file = readLimited(`/proc/${pid}/mountinfo`, MOST_BYTES);
  return "text" in file ? file.text : "";
}
