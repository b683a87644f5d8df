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
    // Two containers of two namespaces were to have one cgroup, and it is called as neither is.
    await writeBundle(state, "default", "c3", labelled("/elsewhere/x", "mine"));
    assert.equal(look("/elsewhere/x"), "unknown");
    await Deno.remove(`${state}/io.containerd.runtime.v2.task/default/c3`, { recursive: true });
    assert.equal(look("/elsewhere/x"), "moved in /elsewhere/x");
    assert.equal(look("/elsewhere/x/below"), "moved in /elsewhere/x");
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

Deno.test("OpenLambdaSource takes a worker by the end of its folder only where that names one", () => {
  const code = (folder: string) => `24 22 0:1 ${folder}/code/7-echo /handler ro - ext4 x rw\n`;
  const text: Record<number, string> = {
    1: code(""),
    2: code("/worker"),
    3: code("/b/worker"),
    4: code("/ws/a/worker"),
  };
  const workers = ["a", "b"].map((name, i) => (
    { name, functionName: `fn-${name}`, id: `${i}`, port: 5000 + i, workerDir: `/ws/${name}/worker` }
  ));
  using source = new OpenLambdaSource(workers, (pid) => text[pid]!);
  const look = (pid: number) => {
    const found = source.find({ pid, cgroups: ["/other-sandboxes/cg-1"] });
    return [found?.what.kind === "function" && found.what.name, found?.fleeting ?? false];
  };
  assert.deepEqual(look(1), ["echo", true], "code at the root of a file system of its own");
  assert.deepEqual(look(2), ["echo", true], "two folders end so");
  assert.deepEqual(look(3), ["fn-b", false]);
  assert.deepEqual(look(4), ["fn-a", false]);
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
  listener!.failed(ID, "a time-out");
  assert.equal(look(ID)?.kind, "function", "a slow answer takes nothing away");
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
    const looked = Promise.withResolvers<void>();
    let fails = 1;
    const server = Deno.serve({ path: socket, onListen: () => {} }, async (request) => {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      if (pathname === "/events") {
        return new Response(ReadableStream.from((async function* () {
          for (const event of events) {
            // An inspection that is under way when its container goes would be void.
            if (event.includes("destroy")) await looked.promise;
            yield new TextEncoder().encode(`${event}\n`);
          }
        })()));
      }
      if (pathname === "/containers/json") {
        return Response.json([{ Id: "one" }, { Id: "bad" }, { Id: 7 }, null]);
      }
      if (pathname === "/containers/bad/json" && fails-- > 0) return new Response("<html>");
      await Promise.resolve();
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
      known: ({ id, name }) => {
        told.push(`known ${id.slice(0, 3)} ${name}`);
        if (["known e50 e50", "known aaa aaa", "known bad bad"].every((each) => told.includes(each))) {
          looked.resolve();
        }
      },
      gone: (id) => told.push(`gone ${id.slice(0, 3)}`),
      failed: (id, reason) => told.push(`failed ${id} ${reason}`),
      complete: (ids) => told.push(`complete ${[...ids]}`),
    }, new AbortController().signal);
    await server.shutdown();
    // Several are inspected at once; one that failed is inspected again.
    assert.deepEqual(told.slice(0, 2).toSorted(), ["failed bad an answer is not JSON", "known one one"]);
    assert.equal(told[2], "complete one,bad");
    assert.deepEqual(told.slice(3, -1).toSorted(), ["known aaa aaa", "known bad bad", "known e50 e50"]);
    assert.equal(told.at(-1), "gone e50");
    await assert.rejects(
      new DockerEngine(`${folder}/none`).follow({} as ContainerListener, new AbortController().signal),
    );
  }));

Deno.test("DockerEngine.follow() takes nothing else for a list of no containers", () =>
  inFolder(async (folder) => {
    const socket = `${folder}/docker.sock`;
    for (const answer of [() => new Response("", { status: 404 }), () => Response.json({ message: "no" })]) {
      const server = Deno.serve(
        { path: socket, onListen: () => {} },
        (request) =>
          request.url.includes("/events")
            ? new Response(new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array([10])) }))
            : answer(),
      );
      const told: string[] = [];
      await assert.rejects(
        new DockerEngine(socket).follow({
          known: () => told.push("known"),
          gone: () => told.push("gone"),
          failed: () => told.push("failed"),
          complete: () => told.push("complete"),
        }, new AbortController().signal),
        /status 404|no list of containers/,
      );
      assert.deepEqual(told, []);
      await server.shutdown();
    }
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
      annotations: { a: "annotation", "kubernetes.io/config.hash": "a".repeat(32) },
    },
    spec: { containers: [{ name: "c" }, { name: "d" }], initContainers: [{ name: "i" }] },
    status: { containerStatuses: [{ name: "c", containerID: "containerd://id1" }, { name: "d" }] },
  })!;
  assert.deepEqual([pod.uid, pod.hash, pod.namespace, pod.name, pod.complete], [
    "u1",
    "a".repeat(32),
    "n",
    "p",
    false,
  ]);
  assert.deepEqual([pod.wanted, pod.init], [["c", "d"], ["i"]]);
  const other = "0f8a2d6e-3b1c-4a5d-9e7f-112233445566";
  const claims = { metadata: { uid: "u2", name: "q", annotations: { "kubernetes.io/config.hash": other } } };
  assert.equal(parsePod(claims)?.hash, undefined, "another pod's uid is no hash of a static pod");
  assert.deepEqual([pod.labels["a"], pod.labels["b"], [...pod.containers]], ["label", undefined, [[
    "id1",
    "c",
  ]]]);
  for (const wrong of [undefined, null, 7, [], {}, { metadata: null }, { metadata: { uid: 1, name: "x" } }]) {
    assert.equal(parsePod(wrong), undefined);
  }
});
