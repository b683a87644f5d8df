/** Pods by a server that is not always as it should be, asked over HTTP. */

import assert from "node:assert/strict";
import { KubernetesSource } from "../../../observe/discover/kubernetes.ts";
import { PodApi } from "../../../observe/discover/pod_api.ts";
import { inFolder } from "../../in_folder.ts";
import { KubernetesServer, type PodShape } from "../../live/kubernetes_server.ts";

function pod(number: number, labels: Record<string, string> = { faas_function: `fn-${number}` }): PodShape {
  const uid = `0000000${number}-0000-4000-8000-000000000000`;
  return {
    uid,
    namespace: "openfaas-fn",
    name: `pod-${number}`,
    labels,
    containers: { [`fn-${number}`]: `c${number}` },
  };
}

/** What is known of a pod's container, for people. */
function known(source: KubernetesSource, { uid, containers }: PodShape): string {
  const cgroup = `/kubepods/burstable/pod${uid}/${Object.values(containers)[0]}`;
  const what = source.find({ pid: 1, cgroups: [cgroup] })?.what;
  return what?.kind === "function" ? what.name : what?.kind ?? "none";
}

/** Waits for something that is sure to come. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

async function withSource(
  test: (server: KubernetesServer, source: KubernetesSource) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    await using server = new KubernetesServer();
    await Deno.writeTextFile(`${folder}/token`, server.token);
    const api = new PodApi({ url: new URL(server.url), nodeName: "node-1", credentials: folder });
    using source = new KubernetesSource({ byId: () => undefined }, api);
    await test(server, source);
  });
}

Deno.test("PodApi.follow() misses nothing that changes between the list and the watch", () =>
  withSource(async (server, source) => {
    server.put(pod(1));
    let held = Promise.withResolvers<void>();
    server.held = held.promise;
    source.start(() => {});
    await until(() => server.requests.length === 1);
    const list = held;
    server.held = (held = Promise.withResolvers<void>()).promise;
    list.resolve();
    await until(() => server.requests.length === 2); // the watch, which is not answered yet
    server.put(pod(2));
    server.remove(pod(1).uid);
    held.resolve();
    await until(() => known(source, pod(2)) === "fn-2");
    assert.equal(known(source, pod(1)), "pending");
  }));

Deno.test("KubernetesSource lists anew where the server no longer knows what has changed (410)", () =>
  withSource(async (server, source) => {
    server.put(pod(1));
    source.start(() => {});
    await until(() => known(source, pod(1)) === "fn-1");
    // Its events are gone with the server that had them; the next watch is refused once.
    server.oldest = 1e6;
    server.pods.set(pod(2).uid, pod(2));
    server.drop();
    await until(() => known(source, pod(2)) === "fn-2");
    assert.equal(source.status.state, "working");
    const lists = server.requests.filter((request) => !request.includes("watch=1")).length;
    await until(() => server.requests.filter((request) => !request.includes("watch=1")).length > lists);
    server.oldest = 0;
    await until(() => server.requests.at(-1)!.includes("watch=1"));
    server.put(pod(3));
    await until(() => known(source, pod(3)) === "fn-3");
  }));

Deno.test("KubernetesSource goes on with what it knows while the server refuses or takes its time", () =>
  withSource(async (server, source) => {
    const held = Promise.withResolvers<void>();
    server.held = held.promise;
    server.put(pod(1));
    source.start(() => {});
    await until(() => server.requests.length === 1);
    // Whoever asks meanwhile does not wait, and nothing is guessed.
    assert.equal(known(source, pod(1)), "unknown");
    assert.match(source.status.detail, /not asked yet/);
    held.resolve();
    await until(() => known(source, pod(1)) === "fn-1");
    for (const status of [403, 410]) {
      server.refuse = status;
      server.drop();
      await until(() => source.status.state === "failing" && source.status.detail.includes(String(status)));
      assert.equal(known(source, pod(1)), "fn-1", "what was known stays");
      assert.equal(known(source, pod(2)), "unknown");
      server.refuse = undefined;
      await until(() => source.status.state === "working");
    }
  }));
