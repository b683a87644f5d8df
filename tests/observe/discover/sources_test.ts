/** The sources, each with what it looks at made by the test. */

import assert from "node:assert/strict";
import { Bundles } from "../../../observe/discover/bundles.ts";
import { ContainerdSource } from "../../../observe/discover/containerd.ts";
import { DockerSource } from "../../../observe/discover/docker.ts";
import {
  type ContainerListener,
  DockerEngine,
  dockerSocket,
  factsOf,
} from "../../../observe/discover/docker_engine.ts";
import { OpenLambdaSource } from "../../../observe/discover/openlambda.ts";
import { serverInCluster } from "../../../observe/discover/pod_api.ts";
import { parsePod } from "../../../observe/discover/pods.ts";
import { inFolder } from "../../in_folder.ts";

const ID = "e501cc0ca051a088f833fdc88dbaab3d99d25acbcdda94403bf2c52e9ac147d8";

async function writeBundle(state: string, namespace: string, id: string, config: unknown): Promise<void> {
  const folder = `${state}/io.containerd.runtime.v2.task/${namespace}/${id}`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(
    `${folder}/config.json`,
    typeof config === "string" ? config : JSON.stringify(config),
  );
}

Deno.test("ContainerdSource finds bundles by id, by path, and by what the runtime was told", () =>
  inFolder(async (state) => {
    const labelled = (cgroupsPath: string, name: string) => ({
      annotations: { "alps.function": name },
      linux: { cgroupsPath },
    });
    await writeBundle(state, "openfaas-fn", "fib", { linux: { cgroupsPath: "/openfaas-fn/fib" } });
    await writeBundle(state, "default", ID, labelled(`system.slice:nerdctl:${ID}`, "scoped"));
    await writeBundle(state, "default", "c1", labelled("/elsewhere/x", "moved"));
    await writeBundle(state, "default", "broken", "{");
    using source = new ContainerdSource(new Bundles([state, `${state}/none`]));
    const look = (path: string) => {
      const found = source.find({ pid: 1, cgroups: ["/", path] });
      return found &&
        (found.what.kind === "function" ? `${found.what.name} in ${found.cgroup}` : found.what.kind);
    };
    assert.equal(look("/openfaas-fn/fib"), "fib in /openfaas-fn/fib");
    assert.equal(look("/openfaas-fn/fib/child"), "fib in /openfaas-fn/fib");
    assert.equal(look(`/system.slice/nerdctl-${ID}.scope`), `scoped in /system.slice/nerdctl-${ID}.scope`);
    assert.equal(look("/elsewhere/x"), "moved in /elsewhere/x");
    assert.equal(look("/default/broken"), "pending", "it may be being written");
    assert.equal(look("/user.slice/openfaas-fn/fib"), undefined, "called alike by somebody else");
    assert.equal(look("/openfaas-fn/other"), undefined);
    assert.equal(look("/openfaas-fn/.."), undefined);
    // It comes later, and goes again.
    await writeBundle(state, "default", "c2", labelled("/late", "late"));
    assert.equal(look("/late"), "late in /late");
    await Deno.remove(`${state}/io.containerd.runtime.v2.task/default/c2`, { recursive: true });
    assert.equal(look("/late"), undefined);
    assert.equal(source.status.state, "working");
  }));

Deno.test("OpenLambdaSource takes the lambda from the sandbox's mounts, and ALPS's name where it is configured", () => {
  const mounts = (folder: string) =>
    `22 1 0:1 ${folder}/lambda / ro - ext4 x rw\n23 22 0:1 ${folder}/scratch/7-echo /host rw - ext4 x rw\n` +
    `24 22 0:1 ${folder}/code/7-echo\\040two /handler ro - ext4 x rw\n`;
  const text: Record<number, string> = {
    1: mounts("/ol/worker"),
    2: "22 1 0:1 / / rw - ext4 x rw\n",
    3: "nonsense",
  };
  const worker = { name: "w20", functionName: "fib-20", id: "20", port: 5020, workerDir: "/ws/w20/worker" };
  using source = new OpenLambdaSource([worker], (pid) => text[pid] ?? "");
  const look = (pid: number, path: string) => {
    const found = source.find({ pid, cgroups: ["/", path] });
    return found &&
      (found.what.kind === "function" ? [found.what.name, found.what.id, found.cgroup] : found.what.kind);
  };
  assert.deepEqual(look(1, "/ol-sandboxes/cg-3"), ["echo two", undefined, "/ol-sandboxes/cg-3"]);
  assert.deepEqual(look(1, "/ol-sandboxes/cg-3/x"), ["echo two", undefined, "/ol-sandboxes/cg-3"]);
  assert.equal(
    look(2, "/ol-sandboxes/cg-4"),
    "pending",
    "its root is not the sandbox's yet, or it is a zygote",
  );
  assert.equal(look(3, "/ol-sandboxes/cg-4"), "pending");
  assert.deepEqual(look(2, "/w20-sandboxes/cg-4"), ["fib-20", "20", "/w20-sandboxes/cg-4"]);
  text[4] = mounts("/ws/w20/worker");
  assert.deepEqual(look(4, "/other-sandboxes/cg-1"), ["fib-20", "20", "/other-sandboxes/cg-1"]);
  assert.equal(look(1, "/ol-sandboxes"), undefined);
});

Deno.test("DockerSource knows what the engine tells, through its end and its coming back", async () => {
  let listener: ContainerListener, end: (error?: Error) => void;
  let follows = 0;
  using source = new DockerSource({
    socket: "/nowhere/docker.sock",
    follow(given) {
      follows++;
      listener = given;
      return new Promise((resolve, reject) => end = (error) => error ? reject(error) : resolve());
    },
  });
  const changed: string[] = [], other = "f".repeat(64);
  const look = (id: string) => source.find({ pid: 1, cgroups: [`/docker/${id}`] })?.what;
  assert.equal(look(ID), undefined, "not asked yet: others may know");
  source.start((id) => changed.push(id));
  const known = (id: string, name: string) =>
    listener.known(factsOf({ Id: id, Name: "/x", Config: { Labels: { "alps.function": name } } })!);
  known(ID, "a");
  listener!.complete(new Set([ID]));
  assert.equal(look(other)?.kind, "pending");
  known(other, "b");
  listener!.failed("1".repeat(64), "too long");
  assert.equal(look("1".repeat(64))?.kind, "unknown");
  assert.deepEqual(changed, [ID, other, "1".repeat(64)]);
  end!(new Error("broken pipe"));
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(source.status.state, "absent", "there is no such socket");
  const what = look(ID);
  assert.ok(what?.kind === "function" && what.name === "a", "what was known stays so");
  for (let left = 200; follows < 2 && left > 0; left--) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  listener!.complete(new Set([other]));
  assert.equal(look(ID)?.kind, "pending", "it has gone meanwhile");
});

Deno.test("DockerEngine.follow() reads the list and the events, whatever is in them", () =>
  inFolder(async (folder) => {
    const socket = `${folder}/docker.sock`, asked: string[] = [];
    const events = [
      `{"status":"create","id":"${ID}","Type":"container","Action":"create","Actor":{"ID":"${ID}"}}`,
      "this is no JSON",
      `{"status":"start","id":"${"a".repeat(64)}","Action":"start","filler":"${"x".repeat(100_000)}"}`,
      `{"Action":"destroy","Actor":{"ID":"${ID}"}}`,
      `{"Action":"start","Actor":{"ID":["no"]}}`,
    ];
    const server = Deno.serve({ path: socket, onListen: () => {} }, (request) => {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      if (pathname === "/events") return new Response(events.join("\n") + "\n");
      if (pathname === "/containers/json") {
        return Response.json([{ Id: "one" }, { Id: "bad" }, { Id: 7 }, null]);
      }
      if (pathname === "/containers/bad/json") return new Response("<html>");
      const id = pathname.split("/")[2]!;
      return Response.json({
        Id: id,
        Name: `/${id.slice(0, 3)}`,
        Config: { Labels: null, Env: "no" },
        HostConfig: {},
      });
    });
    const told: string[] = [];
    await new DockerEngine(socket).follow({
      known: ({ id, name }) => told.push(`known ${id.slice(0, 3)} ${name}`),
      gone: (id) => told.push(`gone ${id.slice(0, 3)}`),
      failed: (id, reason) => told.push(`failed ${id} ${reason}`),
      complete: (ids) => told.push(`complete ${[...ids]}`),
    }, new AbortController().signal);
    await server.shutdown();
    assert.deepEqual(told, [
      "known one one",
      "failed bad an answer is not JSON",
      "complete one,bad",
      "known e50 e50",
      "known aaa aaa",
      "gone e50",
    ]);
    await assert.rejects(
      new DockerEngine(`${folder}/none`).follow({} as ContainerListener, new AbortController().signal),
    );
  }));

Deno.test("dockerSocket() and serverInCluster() read the environment as Docker's and Kubernetes' own tools do", () => {
  assert.equal(dockerSocket(undefined), "/var/run/docker.sock");
  assert.equal(dockerSocket("unix:///run/user/1000/docker.sock"), "/run/user/1000/docker.sock");
  assert.equal(dockerSocket("tcp://10.0.0.1:2376"), undefined);
  const url = (host?: string, port?: string) =>
    serverInCluster({ KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port })?.href;
  assert.equal(url("10.96.0.1", "6443"), "https://10.96.0.1:6443/");
  assert.equal(url("fd00::1"), "https://[fd00::1]/");
  assert.equal(url(), undefined);
});

Deno.test("parsePod() reads what is there, and takes nothing that is malformed for a pod", () => {
  const pod = parsePod({
    metadata: {
      uid: "u1",
      name: "p",
      namespace: "n",
      labels: { a: "label", b: 7 },
      annotations: { a: "annotation", "kubernetes.io/config.hash": "h1" },
    },
    spec: { containers: [{}, {}] },
    status: { containerStatuses: [{ name: "c", containerID: "containerd://id1" }, { name: "d" }] },
  })!;
  assert.deepEqual([pod.uids, pod.namespace, pod.name, pod.complete], [["u1", "h1"], "n", "p", false]);
  assert.deepEqual([pod.labels["a"], pod.labels["b"], [...pod.containers]], ["label", undefined, [[
    "id1",
    "c",
  ]]]);
  for (const wrong of [undefined, null, 7, [], {}, { metadata: null }, { metadata: { uid: 1, name: "x" } }]) {
    assert.equal(parsePod(wrong), undefined);
  }
});
