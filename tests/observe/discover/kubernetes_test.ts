/** The source of Kubernetes, told of pods by the test. */

import assert from "node:assert/strict";
import { KubernetesSource } from "../../../observe/discover/kubernetes.ts";
import { PodApi } from "../../../observe/discover/pod_api.ts";
import { parsePod, type PodListener } from "../../../observe/discover/pods.ts";
import { inFolder } from "../../in_folder.ts";

const UID = "0f8a2d6e-3b1c-4a5d-9e7f-112233445566", OTHER = "1f8a2d6e-3b1c-4a5d-9e7f-112233445566";
const HASH = "0123456789abcdef0123456789abcdef";

interface Given {
  uid?: string;
  name?: string;
  hash?: string;
  /** Container → id; "" where its status does not tell yet. */
  containers: Record<string, string>;
  init?: Record<string, string>;
  ephemeral?: Record<string, string>;
}

function pod({ uid = UID, name = "fib", hash, containers, init = {}, ephemeral = {} }: Given) {
  const specified = (list: object) => Object.keys(list).map((each) => ({ name: each }));
  const statuses = (list: Record<string, string>) =>
    Object.entries(list).map(([each, id]) => ({
      name: each,
      ...(id && { containerID: `containerd://${id}` }),
    }));
  return parsePod({
    metadata: {
      uid,
      name,
      namespace: "default",
      labels: { "alps.function": name },
      annotations: hash === undefined ? {} : { "kubernetes.io/config.hash": hash },
    },
    spec: { containers: specified(containers), initContainers: specified(init) },
    status: {
      containerStatuses: statuses(containers),
      initContainerStatuses: statuses(init),
      ephemeralContainerStatuses: statuses(ephemeral),
    },
  })!;
}

class Scene implements Disposable {
  listener!: PodListener;
  readonly source: KubernetesSource;

  constructor(namelessMs?: number) {
    const api = {
      place: "here",
      follow: (listener: PodListener) => {
        this.listener = listener;
        return new Promise<void>(() => {});
      },
    };
    this.source = new KubernetesSource({ byId: () => undefined }, api, namelessMs);
    this.source.start(() => {});
  }

  look(id: string, folder = UID): string {
    const what = this.source.find({ pid: 1, cgroups: [`/kubepods/pod${folder}/${id}`] })!.what;
    return what.kind === "function" ? what.name : what.kind;
  }

  [Symbol.dispose](): void {
    this.source[Symbol.dispose]();
  }
}

Deno.test("KubernetesSource lets no pod take the folder of another one", () => {
  using scene = new Scene();
  scene.listener.complete([pod({ hash: HASH, containers: { app: "c1" } })]);
  assert.deepEqual([scene.look("c1"), scene.look("c1", HASH)], ["fib", "fib"]);
  // A tenant's, with an annotation that claims either.
  for (const hash of [UID, HASH]) {
    scene.listener.known(pod({ uid: OTHER, name: "mine", hash, containers: { app: "c1" } }));
    assert.deepEqual([scene.look("c1"), scene.look("c1", HASH)], ["fib", "fib"], hash);
    scene.listener.gone(pod({ uid: OTHER, name: "mine", hash, containers: { app: "c1" } }));
    assert.deepEqual([scene.look("c1"), scene.look("c1", HASH)], ["fib", "fib"], hash);
  }
  scene.listener.gone(pod({ hash: HASH, containers: { app: "c1" } }));
  assert.deepEqual([scene.look("c1"), scene.look("c1", HASH)], ["pending", "pending"]);
});

Deno.test("KubernetesSource takes what prepares a pod, or looks around in it, for no function", () => {
  using scene = new Scene();
  scene.listener.complete([
    pod({ containers: { app: "c1" }, init: { fetch: "c2" }, ephemeral: { debugger: "c3" } }),
  ]);
  assert.deepEqual(["c1", "c2", "c3"].map((id) => scene.look(id)), ["fib", "helper", "unknown"]);
});

Deno.test("KubernetesSource waits for the name of a container that was started again", async () => {
  using scene = new Scene(30);
  scene.listener.complete([pod({ containers: { app: "c1" } })]);
  assert.equal(scene.look("c2"), "pending", "the status still has the one before");
  scene.listener.known(pod({ containers: { app: "c2" } }));
  assert.equal(scene.look("c2"), "fib");
  assert.equal(scene.look("pause"), "pending");
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(scene.look("pause"), "helper", "what holds the pod's namespaces is never named");
});

Deno.test("PodApi.follow() tells no token that cannot be one", () =>
  inFolder(async (credentials) => {
    await Deno.writeTextFile(`${credentials}/token`, "secret-one\nsecret-two\n");
    const api = new PodApi({ url: new URL("http://127.0.0.1:9/"), nodeName: "n", credentials });
    const error = await api.follow({} as PodListener, new AbortController().signal).catch((caught) => caught);
    assert.match(error.message, /token holds no token/);
    assert.doesNotMatch(error.message, /secret/);
  }));
