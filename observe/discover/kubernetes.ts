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

/** Follows the pods of this node. */
export class KubernetesSource implements Source {
  readonly name = "kubernetes";
  readonly #pods = new Map<string, Pod>();
  readonly #stop = new AbortController();
  readonly #retry: Retry;
  #changed: (instance: string) => void = () => {};
  #status: SourceStatus;

  /** @param api undefined where nobody tells of pods */
  constructor(readonly bundles: Bundles, readonly api: Pick<PodApi, "place" | "follow"> | undefined) {
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
    if (sandbox || (name === undefined && pod.complete)) return { kind: "helper", platform: "kubernetes" };
    // Without its name a proxy cannot be told from the function.
    const shown = `pod ${pod.namespace}/${pod.name}`;
    if (name === undefined) return { kind: "pending", hint: `${shown}: nothing tells the container's name` };
    const what = recognise({
      runtime: "kubernetes",
      id,
      namespace: bundle?.namespace,
      name,
      labels: pod.labels,
      env: bundle?.env ?? [],
      mounts: bundle?.mounts ?? [],
      pod: { namespace: pod.namespace, name: pod.name },
    });
    return what.kind === "unknown"
      ? { kind: "unknown", hint: `${shown}, container ${name}: ${what.hint}` }
      : what;
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
          const there = new Set(pods.flatMap(({ uids }) => uids));
          for (const uid of this.#pods.keys()) if (!there.has(uid)) this.#pods.delete(uid);
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
    for (const uid of pod.uids) {
      const before = this.#pods.get(uid);
      this.#pods.set(uid, pod);
      // The kubelet tells of all of them again and again.
      if (!before || before.shape !== pod.shape) this.#changed(uid);
    }
  }

  #drop(pod: Pod): void {
    for (const uid of pod.uids) this.#pods.delete(uid);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}
