/** Pods as the Kubernetes API and the kubelet tell of them (Kubernetes API reference, Pod v1 core). Pure. */

import { listOf, property, textAt, textsOf } from "./read_limited.ts";

/** What is used of a pod. */
export interface Pod {
  /** Names of its folder among the cgroups: its uid, and of a static pod the hash that the kubelet takes for one. */
  readonly uids: readonly string[];
  readonly namespace: string;
  readonly name: string;
  /** Its annotations, and before them its labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** Names of its containers by their ids. */
  readonly containers: ReadonlyMap<string, string>;
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
  const hash = textAt(annotations, "kubernetes.io/config.hash");
  const statuses = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"]
    .flatMap((each) => listOf(property(status, each)));
  const containers = new Map<string, string>();
  for (const each of statuses) {
    const called = textAt(each, "name"), id = textAt(each, "containerID");
    // RUNTIME://ID
    if (called !== undefined && id) containers.set(id.slice(id.indexOf("://") + 3), called);
  }
  const wanted = listOf(property(property(object, "spec"), "containers")).length;
  const started = listOf(property(status, "containerStatuses")).filter((each) => textAt(each, "containerID"));
  const labels = Object.assign(annotations, textsOf(property(metadata, "labels")));
  const complete = wanted > 0 && started.length >= wanted;
  return {
    uids: hash === undefined ? [uid] : [uid, hash],
    namespace: textAt(metadata, "namespace") ?? "",
    name,
    labels,
    containers,
    complete,
    shape: JSON.stringify([labels, [...containers], complete]),
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
