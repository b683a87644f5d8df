/**
 * Containers of both of the kubelet's cgroup drivers, in whichever cgroup hierarchy this machine has, with metadata as containerd
 * and the API server keep it; and how soon a name that is on the machine is known.
 */

import assert from "node:assert/strict";
import type { FunctionsSnapshot } from "../../api/agent_view.ts";
import { Place } from "./agent_process.ts";
import { mount, TestCgroup } from "./cgroups.ts";
import { writeBundle } from "./bundle.ts";
import { KubernetesServer, type PodShape } from "./kubernetes_server.ts";
import { whyNotLive } from "./lab.ts";

const ignore = whyNotLive !== undefined || mount === undefined;

/** A process in a cgroup, from its first program on. */
class Inmate implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;

  constructor(cgroup: TestCgroup) {
    const join = 'echo 0 > "$0/cgroup.procs" && exec sleep 600';
    this.#process = new Deno.Command("/bin/sh", { args: ["-c", join, cgroup.path], stdin: "null" }).spawn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }
}

/** What the kubelet's drivers make of a pod and a container: folders from the outermost on, and what the runtime is told. */
const DRIVERS = {
  cgroupfs: (top: string, uid: string, id: string) => {
    const folders = ["kubepods", "burstable", `pod${uid}`, id];
    return { folders, told: `${top}/${folders.join("/")}` };
  },
  systemd: (_: string, uid: string, id: string) => {
    const slice = `kubepods-burstable-pod${uid.replaceAll("-", "_")}.slice`;
    const folders = ["kubepods.slice", "kubepods-burstable.slice", slice, `cri-containerd-${id}.scope`];
    return { folders, told: `${slice}:cri-containerd:${id}` };
  },
};

for (const [driver, layout] of Object.entries(DRIVERS)) {
  Deno.test({
    name: `agent: pods in cgroups of the driver ${driver}`,
    ignore,
    fn: async () => {
      await using place = await Place.make();
      await using api = new KubernetesServer();
      await Deno.writeTextFile(`${place.folder}/token`, api.token);
      await using top = TestCgroup.make(`layout-${driver}`);
      const topPath = top.path.slice(mount!.path.length);
      const made = new Map<string, TestCgroup>();
      await using cgroups = new AsyncDisposableStack();
      const uid = `0f8a2d6e-3b1c-4a5d-9e7f-${String(Deno.pid).padStart(12, "0")}`;
      const pod: PodShape = {
        uid,
        namespace: "default",
        name: "thumb-00001-x",
        labels: { "serving.knative.dev/service": "thumb" },
        containers: { "user-container": "1".repeat(64), "queue-proxy": "2".repeat(64) },
      };
      api.put(pod);
      const options = ["--kubernetes", api.url, "--kubernetes-credentials", place.folder];
      const agent = await place.agent("--backend", "none", ...options, "--node-name", "node-1");

      await using processes = new AsyncDisposableStack();
      const paths = new Map<string, string>();
      for (const [name, id] of [["pause", "3".repeat(64)], ...Object.entries(pod.containers)] as const) {
        const { folders, told } = layout(topPath, uid, id);
        const prefix = "io.kubernetes.cri";
        writeBundle(place, "k8s.io", id, told, {
          [`${prefix}.container-type`]: name === "pause" ? "sandbox" : "container",
          [`${prefix}.sandbox-name`]: pod.name,
          [`${prefix}.sandbox-namespace`]: pod.namespace,
          [`${prefix}.sandbox-uid`]: uid,
          ...name === "pause" ? {} : { [`${prefix}.container-name`]: name },
        });
        let cgroup = top;
        for (const [at, folder] of folders.entries()) {
          const key = folders.slice(0, at + 1).join("/"), known = made.get(key);
          if (!known) made.set(key, cgroups.use(cgroup.make(folder)));
          cgroup = made.get(key)!;
        }
        paths.set(name, cgroup.path.slice(mount!.path.length));
        processes.use(new Inmate(cgroup));
      }
      const { functions } = await agent.until<FunctionsSnapshot>(
        "the function, and no other container that is not known",
        "/functions",
        ({ functions, unknown }) => functions.some(({ instances }) => instances > 0) && unknown.length === 0,
      );
      assert.deepEqual(
        functions.map(({ name, platform, instances, cgroups }) => ({ name, platform, instances, cgroups })),
        [{ name: "thumb", platform: "knative", instances: 1, cgroups: [paths.get("user-container")] }],
      );
      await processes.disposeAsync();
      await agent.until<FunctionsSnapshot>(
        "it is gone",
        "/functions",
        ({ functions }) => functions.every(({ instances }) => instances === 0),
      );
      const { code, stderr } = await agent.end("SIGTERM");
      assert.equal(code, 0, stderr);
    },
  });
}

Deno.test({
  name: "agent: a name that is on the machine is known at once",
  ignore,
  fn: async () => {
    await using place = await Place.make();
    const agent = await place.agent("--backend", "none");
    await using top = TestCgroup.make("local");
    await using stack = new AsyncDisposableStack();
    const took: number[] = [], asked: number[] = [];
    // The first answer takes tens of milliseconds, whatever the question.
    await agent.json("GET", "/functions");
    for (let i = 0; i < 20; i++) {
      const cgroup = stack.use(top.make(`c${i}`));
      writeBundle(place, "default", `c${i}`, cgroup.path.slice(mount!.path.length), {
        "alps.function": `f${i}`,
      });
      const process = new Deno.Command("sleep", { args: ["600"], stdin: "null" }).spawn();
      stack.defer(async () => {
        process.kill("SIGKILL");
        await process.status;
      });
      // The kernel takes tens of milliseconds for the first process that is moved after a while.
      cgroup.take(process.pid);
      const start = performance.now();
      // As often as it can be asked: what that takes is in the figure. (Instances are counted once a second.)
      for (let known = false; !known;) {
        const before = performance.now();
        const { functions } = await agent.json<FunctionsSnapshot>("GET", "/functions");
        known = functions.some(({ name, cgroups }) => name === `f${i}` && cgroups.length === 1);
        asked.push(performance.now() - before);
      }
      took.push(performance.now() - start);
    }
    const middle = (list: number[]) => list.toSorted((a, b) => a - b)[list.length >> 1]!.toFixed(1);
    console.log(
      `attributed after ${middle(took)} ms (median), at most ${
        Math.max(...took.slice(1)).toFixed(1)
      } ms after the agent's first (${took[0]!.toFixed(1)}), by a question ` +
        `that takes ${middle(asked)} ms itself`,
    );
    await stack.disposeAsync();
    const { code, stderr } = await agent.end("SIGTERM");
    assert.equal(code, 0, stderr);
  },
});
