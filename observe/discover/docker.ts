/** Docker's containers: by its socket, whose events tell of each before its first process runs. */

import { containersOf } from "./container_path.ts";
import type { DockerEngine } from "./docker_engine.ts";
import type { ContainerFacts } from "./facts.ts";
import { reasonOf } from "./http_body.ts";
import { recognise } from "./recognise.ts";
import { Retry } from "./retry.ts";
import type { Found, Place, Source, SourceStatus } from "./source.ts";

/** Follows one engine, through its restarts. */
export class DockerSource implements Source {
  readonly name = "docker";
  readonly #known = new Map<string, Found["what"]>();
  readonly #stop = new AbortController();
  readonly #retry: Retry;
  #changed: (instance: string) => void = () => {};
  #status: SourceStatus;

  constructor(readonly engine: Pick<DockerEngine, "socket" | "follow">) {
    this.#status = { state: "failing", detail: `${engine.socket}: not asked yet` };
    this.#retry = new Retry(this.#stop.signal, () => this.#follow());
  }

  get status(): SourceStatus {
    return this.#status;
  }

  start(changed: (instance: string) => void): void {
    this.#changed = changed;
    this.#retry.start();
  }

  find({ cgroups }: Place): Found | undefined {
    let pending: Found | undefined;
    for (const path of cgroups) {
      // From the innermost outwards: one inside of a container is another engine's, and belongs to that container.
      for (const { cgroup, id, podUid } of containersOf(path)) {
        const known = this.#known.get(id);
        if (known) return { cgroup, instance: id, what: known };
        // Where Docker does not answer, others may know something of it.
        if (podUid !== undefined || !isDockers(cgroup) || this.#status.state !== "working") continue;
        const hint = `Docker at ${this.engine.socket} does not know it`;
        pending = { cgroup, instance: id, what: { kind: "pending", hint } };
      }
    }
    return pending;
  }

  async #follow(): Promise<void> {
    const before = new Set(this.#known.keys());
    try {
      await this.engine.follow({
        known: (facts) => this.#take(facts),
        gone: (id) => void this.#known.delete(id),
        failed: (id, reason) => {
          // What was known of it holds until Docker tells otherwise.
          const hint = `Docker does not tell: ${reason}`, kind = this.#known.get(id)?.kind;
          if (kind === undefined || kind === "unknown") this.#set(id, { kind: "unknown", hint });
        },
        complete: (ids) => {
          for (const id of before) if (!ids.has(id)) this.#known.delete(id);
          this.#status = { state: "working", detail: this.engine.socket };
          this.#retry.worked();
        },
      }, this.#stop.signal);
      this.#status = { state: "failing", detail: `${this.engine.socket}: Docker has ended the connection` };
    } catch (error) {
      const { socket } = this.engine;
      this.#status = isThere(socket)
        ? { state: "failing", detail: `${socket}: ${reasonOf(error)}` }
        : { state: "absent", detail: `no ${socket}` };
    }
  }

  #take(facts: ContainerFacts): void {
    this.#set(facts.id, recognise(facts));
  }

  #set(id: string, what: Found["what"]): void {
    this.#known.set(id, what);
    this.#changed(id);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Whether a container's cgroup is called as Docker does. */
function isDockers(cgroup: string): boolean {
  return /\/docker\/[^/]+$|\/docker-[^/]+\.scope$/.test(cgroup);
}
