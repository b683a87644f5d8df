/** Functions in real containers of a real containerd: faasd's, and Kubernetes' with its cgroups and annotations. */

import assert from "node:assert/strict";
import type { FunctionsSnapshot, PrioritySnapshot } from "../../api/agent_view.ts";
import { type AgentProcess, Place } from "./agent_process.ts";
import { mount } from "./cgroups.ts";
import { Containerd, type Served, whyNoContainers } from "./containers.ts";
import { KubernetesServer, type PodShape } from "./kubernetes_server.ts";
import { sleep } from "./lab.ts";

function containerdTest(name: string, test: (place: Place, containerd: Containerd) => Promise<void>): void {
  Deno.test({
    name,
    ignore: whyNoContainers !== undefined,
    fn: async () => {
      await using place = await Place.make();
      await using containerd = await Containerd.start(place);
      await test(place, containerd);
    },
  });
}

const found = ({ functions }: FunctionsSnapshot) =>
  functions.map(({ name, platform, instances }) => `${platform} ${name} ${instances}`).sort();

/** Waits until these are the functions: platform, name, instances. */
function untilFound(agent: AgentProcess, ...wanted: string[]): Promise<FunctionsSnapshot> {
  return agent.until<FunctionsSnapshot>(
    wanted.join(", "),
    "/functions",
    (answer) => found(answer).join() === wanted.toSorted().join(),
  );
}

containerdTest(
  "agent: faasd's functions are found by containerd's namespace, through its restart",
  async (place, containerd) => {
    await containerd.serve("openfaas-fn", "early");
    const agent = await place.agent("--backend", "none");
    await containerd.serve("openfaas-fn", "figlet");
    await containerd.serve("openfaas", "gateway");
    // Its cgroup is called otherwise than containerd would call it.
    await containerd.serve("openfaas-fn", "moved", {
      options: ["--cgroup", `/alps-test-${Deno.pid}/elsewhere`],
    });
    const { functions, unknown } = await untilFound(
      agent,
      "faasd early 1",
      "faasd figlet 1",
      "faasd moved 1",
    );
    assert.deepEqual(functions.find(({ name }) => name === "figlet")!.cgroups, ["/openfaas-fn/figlet"]);
    assert.deepEqual(functions.find(({ name }) => name === "moved")!.cgroups, [
      `/alps-test-${Deno.pid}/elsewhere`,
    ]);
    assert.deepEqual(unknown.map(({ cgroup }) => cgroup), ["/openfaas/gateway"]);
    // Containers live on without containerd, and so does what is known of them.
    await containerd.stopDaemon();
    await sleep(200);
    await untilFound(agent, "faasd early 1", "faasd figlet 1", "faasd moved 1");
    await containerd.startDaemon();
    await containerd.serve("openfaas-fn", "late");
    await untilFound(agent, "faasd early 1", "faasd figlet 1", "faasd late 1", "faasd moved 1");
    const { code, stderr } = await agent.end("SIGTERM");
    assert.equal(code, 0, stderr);
  },
);

/** A container as the kubelet has containerd start it, with the cgroupfs driver. */
function podContainer(
  containerd: Containerd,
  { uid, namespace, name }: Pick<PodShape, "uid" | "namespace" | "name">,
  id: string,
  container?: string,
): Promise<Served> {
  const prefix = "io.kubernetes.cri";
  return containerd.serve("k8s.io", id, {
    labels: {
      [`${prefix}.container-type`]: container === undefined ? "sandbox" : "container",
      [`${prefix}.sandbox-id`]: `${uid}-pause`,
      [`${prefix}.sandbox-name`]: name,
      [`${prefix}.sandbox-namespace`]: namespace,
      [`${prefix}.sandbox-uid`]: uid,
      ...container === undefined ? {} : { [`${prefix}.container-name`]: container },
    },
    options: ["--cgroup", `/kubepods/burstable/pod${uid}/${id}`],
  });
}

const uid = (digit: string) => `${digit.repeat(8)}-0000-4000-8000-${String(Deno.pid).padStart(12, "0")}`;

containerdTest(
  "agent: pods are functions by their labels, which may come late",
  async (place, containerd) => {
    await using api = new KubernetesServer();
    await Deno.writeTextFile(`${place.folder}/token`, api.token);
    const options = ["--backend", "none", "--kubernetes", api.url, "--kubernetes-credentials", place.folder];
    const agent = await place.agent(...options, "--node-name", "node-1");

    const knative: PodShape = {
      uid: uid("a"),
      namespace: "default",
      name: "thumb-00001-deployment-x",
      labels: { "serving.knative.dev/service": "thumb" },
      containers: { "user-container": "kn-user", "queue-proxy": "kn-queue" },
    };
    api.put(knative);
    await podContainer(containerd, knative, "kn-pause");
    await podContainer(containerd, knative, "kn-user", "user-container");
    await podContainer(containerd, knative, "kn-queue", "queue-proxy");

    const pool: PodShape = {
      uid: uid("b"),
      namespace: "fission-function",
      name: "poolmgr-python-1",
      labels: { environmentName: "python" },
      containers: { python: "fi-env", fetcher: "fi-fetch" },
    };
    api.put(pool);
    await podContainer(containerd, pool, "fi-env", "python");
    await podContainer(containerd, pool, "fi-fetch", "fetcher");

    const { unknown } = await untilFound(agent, "knative thumb 1");
    assert.deepEqual(unknown.map(({ hint }) => /pool/.test(hint)), [true]);

    // The pool's pod is made a function's: known within a second.
    pool.labels = { ...pool.labels, functionName: "hello", functionNamespace: "default" };
    const labelled = performance.now();
    api.put(pool);
    // Instances are counted once a second: that it has a cgroup is known before.
    await agent.until<FunctionsSnapshot>(
      "its name",
      "/functions",
      ({ functions }) => functions.some(({ name, cgroups }) => name === "hello" && cgroups.length === 1),
    );
    const tookMs = performance.now() - labelled;
    console.log(`a label that came late was in force after ${Math.round(tookMs)} ms`);
    await untilFound(agent, "fission hello 1", "knative thumb 1");

    // The API is restarted, and refuses for a while; what is told meanwhile is not lost.
    api.tell("{ this is no JSON");
    api.refuse = 503;
    api.drop();
    await agent.until<FunctionsSnapshot>(
      "that is shown",
      "/functions",
      ({ platforms }) =>
        platforms.some(({ name, state, detail }) =>
          name === "kubernetes" && state === "failing" && /503/.test(detail)
        ),
    );
    const openfaas: PodShape = {
      uid: uid("c"),
      namespace: "openfaas-fn",
      name: "fib-1",
      labels: { faas_function: "fib" },
      containers: { fib: "of-fib" },
    };
    await podContainer(containerd, openfaas, "of-fib", "fib");
    api.put(openfaas);
    await untilFound(agent, "fission hello 1", "knative thumb 1");
    api.refuse = undefined;
    await untilFound(agent, "fission hello 1", "knative thumb 1", "openfaas fib 1");
    assert.ok(
      api.requests.every((request) =>
        request.startsWith("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1")
      ),
    );
    const { code, stderr } = await agent.end("SIGTERM");
    assert.equal(code, 0, stderr);
  },
);

containerdTest(
  "agent: the kubelet's list of pods does, too; without either a pod is unknown",
  async (place, containerd) => {
    await using api = new KubernetesServer();
    await Deno.writeTextFile(`${place.folder}/token`, api.token);
    const pod: PodShape = {
      uid: uid("d"),
      namespace: "default",
      name: "thumb-1",
      labels: { "serving.knative.dev/service": "thumb" },
      containers: { "user-container": "kl-user" },
    };
    await podContainer(containerd, pod, "kl-user", "user-container");
    const alone = await place.agent("--backend", "none");
    const { unknown } = await alone.until<FunctionsSnapshot>(
      "it is unknown",
      "/functions",
      ({ unknown }) => unknown.length > 0,
    );
    assert.match(unknown[0]!.hint, /pod default\/thumb-1: its labels are not known/);
    await alone.end("SIGTERM");

    const options = [
      "--backend",
      "none",
      "--kubernetes",
      `${api.url}/pods`,
      "--kubernetes-credentials",
      place.folder,
    ];
    const agent = await place.agent(...options);
    await sleep(100);
    api.pods.set(pod.uid, pod);
    await untilFound(agent, "knative thumb 1");
    assert.ok(api.requests.every((request) => request === "/pods"));
    const { code, stderr } = await agent.end("SIGTERM");
    assert.equal(code, 0, stderr);
  },
);

containerdTest(
  "agent: pods are ordered as wholes, whatever helps the function in them",
  async (place, containerd) => {
    await using api = new KubernetesServer();
    await Deno.writeTextFile(`${place.folder}/token`, api.token);
    const pods = ["short", "long", "long", "long"].map((name, i): PodShape => ({
      uid: uid(String(i + 1)),
      namespace: "openfaas-fn",
      name: `${name}-${i}`,
      labels: { faas_function: name },
      containers: { [name]: `pod${i}-fn`, "linkerd-proxy": `pod${i}-proxy` },
    }));
    const containers: Served[] = [];
    for (const [i, pod] of pods.entries()) {
      api.put(pod);
      await podContainer(containerd, pod, `pod${i}-pause`);
      await podContainer(containerd, pod, `pod${i}-proxy`, "linkerd-proxy");
      containers.push(await podContainer(containerd, pod, `pod${i}-fn`, pod.labels["faas_function"]));
    }
    const options = [
      "--kubernetes",
      api.url,
      "--kubernetes-credentials",
      place.folder,
      "--node-name",
      "node-1",
    ];
    const agent = await place.agent(...options, "--max-wait", "60", "--epoch", "1");
    await untilFound(agent, "openfaas short 1", "openfaas long 3");
    const [short, ...long] = containers as [Served, ...Served[]];
    for (const container of containers) await container.ready();
    for (let i = 0; i < 6; i++) {
      await Promise.all([short.request("w5"), sleep(40)]);
      await Promise.all([long[0]!.request("w150"), sleep(200)]);
    }
    await agent.until<PrioritySnapshot>(
      "both are learned",
      "/priority",
      ({ functions }) => functions.map(({ name }) => name).join() === "short,long",
    );
    const weights = pods.map(({ uid }) => `${mount!.path}/kubepods/burstable/pod${uid}/${mount!.weightFile}`);
    const before = weights.map((file) => Deno.readTextFileSync(file));
    const load = Promise.allSettled(long.map((container) => container.request("w3000")));
    await sleep(500);
    const demoted = new Set<string>();
    for (let i = 0; i < 40; i++) {
      const busy = short.request("w20");
      await sleep(10);
      for (const file of weights) {
        if (Deno.readTextFileSync(file).trim() === mount!.leastWeight) {
          demoted.add(file);
        }
      }
      await busy;
      await sleep(20);
    }
    assert.ok(demoted.size > 0 && !demoted.has(weights[0]!), "the pods of the long one are demoted");
    assert.ok((await load).every(({ status }) => status === "fulfilled"));
    const { code, stderr } = await agent.end("SIGTERM");
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /holds processes of no function/);
    assert.deepEqual(weights.map((file) => Deno.readTextFileSync(file)), before);
  },
);

containerdTest(
  "agent: a hundred containers come, and each is a function's or listed; none is left",
  async (place, containerd) => {
    const agent = await place.agent("--backend", "none");
    const startMs = performance.now();
    for (let i = 0; i < 100; i++) {
      const labels: Record<string, string> = i % 5 === 0 ? {} : { "alps.function": `fn-${i % 10}` };
      await containerd.serve("default", `many-${i}`, { labels });
    }
    console.log(`100 containers in ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
    await agent.until<FunctionsSnapshot>(
      "80 instances and 20 unknown",
      "/functions",
      ({ functions, unknown }) =>
        functions.reduce((sum, { instances }) => sum + instances, 0) === 80 && unknown.length === 20,
    );
    await containerd.removeAll();
    await agent.until<FunctionsSnapshot>(
      "none",
      "/functions",
      ({ functions, unknown }) =>
        unknown.length === 0 && functions.every(({ instances, cgroups }) => instances + cgroups.length === 0),
    );
    assert.equal(await agent.metric("alps_active_invocations"), 0);
    const { code, stderr } = await agent.end("SIGTERM");
    assert.equal(code, 0, stderr);
  },
);
