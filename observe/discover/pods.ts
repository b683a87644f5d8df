/** Pods as the Kubernetes API and the kubelet tell of them (Kubernetes API reference, Pod v1 core). Pure. */

import { listOf, property, textAt, textsOf } from "./read_limited.ts";

/** What is used of a pod. */
export interface Pod {
  readonly uid: string;
  /** The hash that the kubelet takes for the uid of a static pod, whose folder among the cgroups is called so. */
  readonly hash: string | undefined;
  readonly namespace: string;
  readonly name: string;
  /** Its annotations, and before them its labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** Names of its containers by their ids. */
  readonly containers: ReadonlyMap<string, string>;
  /** Names of its containers proper, as it was asked for: without those that prepare it or that were put into it to look around. */
  readonly wanted: readonly string[];
  /** Names of containers that run before the others, or beside them (sidecars of Kubernetes 1.28). */
  readonly init: readonly string[];
  /** Whether all of its containers have ids by now. */
  readonly complete: boolean;
  /** Equal where all of the above is. */
  readonly shape: string;
}

/** Reads a pod; undefined where it is none. */
export function parsePod(object: unknown): Pod | undefined {
  const metadata = property(object, "metadata"), status = property(object, "status");
  const uid = textAt(metadata, "uid"), name = textAt(metadata, "name");
  if (uid === undefined || name === undefined) return undefined;
  const annotations = textsOf(property(metadata, "annotations"));
  // Whoever deploys may annotate: nothing but what the kubelet writes there (32 digits, pkg/kubelet/config/common.go).
  const config = textAt(annotations, "kubernetes.io/config.hash");
  const hash = config !== undefined && /^[0-9a-f]{32}$/.test(config) ? config : undefined;
  const statuses = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"]
    .flatMap((each) => listOf(property(status, each)));
  const containers = new Map<string, string>();
  for (const each of statuses) {
    const called = textAt(each, "name"), id = textAt(each, "containerID");
    // RUNTIME://ID
    if (called !== undefined && id) containers.set(id.slice(id.indexOf("://") + 3), called);
  }
  const spec = property(object, "spec"), specified = listOf(property(spec, "containers"));
  const names = (list: readonly unknown[]) => list.flatMap((each) => textAt(each, "name") ?? []);
  const wanted = names(specified), init = names(listOf(property(spec, "initContainers")));
  const started = listOf(property(status, "containerStatuses")).filter((each) => textAt(each, "containerID"));
  const labels = Object.assign(annotations, textsOf(property(metadata, "labels")));
  const complete = specified.length > 0 && started.length >= specified.length;
  return {
    uid,
    hash,
    namespace: textAt(metadata, "namespace") ?? "",
    name,
    labels,
    containers,
    wanted,
    init,
    complete,
    shape: JSON.stringify([labels, [...containers], wanted, init, complete]),
  };
}

/** Who tells of pods. */
export interface PodListener {
  /** A pod is there, or is otherwise than before. */
  known(pod: Pod): void;
  gone(pod: Pod): void;
  /** These are all. */
  complete(pods: readonly Pod[]): void;
}
