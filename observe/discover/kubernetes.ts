/**
 * Containers of Kubernetes: the pod by the cgroup's path, the container's name by containerd's bundle or the pod's status,
 * the labels by the API.
 */

import type { Bundles } from "./bundles.ts";
import { type ContainerPath, containersOf } from "./container_path.ts";
import { reasonOf } from "./http_body.ts";
import type { PodApi } from "./pod_api.ts";
import type { Pod } from "./pods.ts";
import { recognise } from "./recognise.ts";
import { Retry } from "./retry.ts";
import type { Found, Place, Source, SourceStatus } from "./source.ts";

/** See {@link KubernetesSource}. Less than the last look at what is pending comes after the first. */
const NAMELESS_MS = 5000;

/** Most containers that are remembered as nameless. */
const MOST_NAMELESS = 10_000;

/** Follows the pods of this node. */
export class KubernetesSource implements Source {
  readonly name = "kubernetes";
  /** By what their folders among the cgroups are called. */
  readonly #pods = new Map<string, Pod>();
  /** Containers whose names nothing told at their first look, and when that was. */
  readonly #nameless = new Map<string, number>();
  readonly #stop = new AbortController();
  readonly #retry: Retry;
  #changed: (instance: string) => void = () => {};
  #status: SourceStatus;

  /**
   * @param api undefined where nobody tells of pods
   * @param namelessMs how long a container's name may come after the pod's other ones
   */
  constructor(
    readonly bundles: Pick<Bundles, "byId">,
    readonly api: Pick<PodApi, "place" | "follow"> | undefined,
    readonly namelessMs = NAMELESS_MS,
  ) {
    this.#status = api
      ? { state: "failing", detail: `${api.place}: not asked yet` }
      : { state: "absent", detail: "no service account, and no --kubernetes" };
    this.#retry = new Retry(this.#stop.signal, () => this.#follow());
  }

  get status(): SourceStatus {
    return this.#status;
  }

  start(changed: (instance: string) => void): void {
    this.#changed = changed;
    if (this.api) this.#retry.start();
  }

  find({ cgroups }: Place): Found | undefined {
    for (const path of cgroups) {
      for (const container of containersOf(path)) {
        if (container.podUid === undefined) continue;
        const { cgroup, podUid } = container;
        return { cgroup, instance: podUid, what: this.#look(container, podUid) };
      }
    }
    return undefined;
  }

  #look({ cgroup, id }: ContainerPath, podUid: string): Found["what"] {
    const look = this.bundles.byId(id, cgroup), bundle = look && "facts" in look ? look.facts : undefined;
    const pod = this.#pods.get(podUid);
    if (!pod) return this.#withoutPod(bundle && recognise(bundle), bundle?.pod);
    const name = pod.containers.get(id) ?? bundle?.name;
    const sandbox = bundle?.labels["io.kubernetes.cri.container-type"] === "sandbox";
    const helper = { kind: "helper", platform: "kubernetes" } as const;
    if (sandbox) return helper;
    // Without its name a proxy cannot be told from the function.
    const shown = `pod ${pod.namespace}/${pod.name}`;
    if (name === undefined) {
      return pod.complete && this.#staysNameless(id)
        ? helper // the one that holds the pod's namespaces is in no list
        : { kind: "pending", hint: `${shown}: nothing tells the container's name` };
    }
    this.#nameless.delete(id);
    if (pod.init.includes(name)) return helper;
    if (pod.wanted.length > 0 && !pod.wanted.includes(name)) {
      return {
        kind: "unknown",
        hint: `${shown}, container ${name}: it is not one of those that the pod was made with`,
      };
    }
    const what = recognise({
      runtime: "kubernetes",
      id,
      namespace: bundle?.namespace,
      name,
      labels: pod.labels,
      env: bundle?.env ?? [],
      mounts: bundle?.mounts ?? [],
      pod: { namespace: pod.namespace, name: pod.name, containers: pod.wanted },
    });
    return what.kind === "unknown"
      ? { kind: "unknown", hint: `${shown}, container ${name}: ${what.hint}` }
      : what;
  }

  /** Whether nothing has told a container's name for long: one that was started again is in the pod's status a little later. */
  #staysNameless(id: string): boolean {
    const now = performance.now(), since = this.#nameless.get(id) ?? now;
    if (!this.#nameless.has(id) && this.#nameless.size >= MOST_NAMELESS) {
      this.#nameless.delete(this.#nameless.keys().next().value!);
    }
    this.#nameless.set(id, since);
    return now - since > this.namelessMs;
  }

  /** What is known of a container whose pod's labels are not. */
  #withoutPod(
    byBundle: Found["what"] | undefined,
    pod: { namespace: string; name: string } | undefined,
  ): Found["what"] {
    if (byBundle?.kind === "helper") return byBundle;
    const shown = pod ? `pod ${pod.namespace}/${pod.name}` : "a pod";
    if (this.#status.state === "working") {
      return { kind: "pending", hint: `${shown}: the API does not list it` };
    }
    const why = this.api
      ? this.#status.detail
      : "the agent has no access to the API (docs/platforms/kubernetes.md)";
    return { kind: "unknown", hint: `${shown}: its labels are not known: ${why}` };
  }

  async #follow(): Promise<void> {
    const api = this.api!;
    try {
      await api.follow({
        known: (pod) => this.#take(pod),
        gone: (pod) => this.#drop(pod),
        complete: (pods) => {
          const there = new Set(pods.map(({ uid }) => uid));
          for (const [folder, { uid }] of this.#pods) if (!there.has(uid)) this.#pods.delete(folder);
          this.#status = { state: "working", detail: api.place };
          this.#retry.worked();
          for (const pod of pods) this.#take(pod);
        },
      }, this.#stop.signal);
    } catch (error) {
      this.#status = { state: "failing", detail: `${api.place}: ${reasonOf(error)}` };
    }
  }

  #take(pod: Pod): void {
    for (const folder of [pod.uid, pod.hash]) {
      if (folder === undefined) continue;
      const before = this.#pods.get(folder);
      // The uid is the API server's; the hash is an annotation, and takes nothing from another pod.
      if (before && before.uid !== pod.uid && folder !== pod.uid) continue;
      this.#pods.set(folder, pod);
      // The kubelet tells of all of them again and again.
      if (!before || before.uid !== pod.uid || before.shape !== pod.shape) this.#changed(folder);
    }
  }

  #drop(pod: Pod): void {
    for (const folder of [pod.uid, pod.hash]) {
      if (folder !== undefined && this.#pods.get(folder)?.uid === pod.uid) this.#pods.delete(folder);
    }
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}
