import assert from "node:assert/strict";
import type { ContainerFacts } from "../../../observe/discover/facts.ts";
import { recognise } from "../../../observe/discover/recognise.ts";

function facts(given: Partial<ContainerFacts>): ContainerFacts {
  return {
    runtime: given.pod ? "kubernetes" : "docker",
    id: "c1",
    namespace: undefined,
    name: undefined,
    labels: {},
    env: [],
    mounts: [],
    pod: undefined,
    ...given,
  };
}

function pod(name: string, labels: Record<string, string>, namespace = "default"): Partial<ContainerFacts> {
  return { name, labels, pod: { namespace, name: "pod-1" } };
}

/** What comes out: platform and name of a function, or the kind of what is none. */
function look(given: Partial<ContainerFacts>): string {
  const what = recognise(facts(given));
  return what.kind === "function" ? `${what.platform} ${what.name}` : what.kind;
}

const REVISION = {
  "serving.knative.dev/service": "thumb",
  "serving.knative.dev/configuration": "thumb-config",
  "serving.knative.dev/revision": "thumb-00003",
};

Deno.test("recognise() names functions by what each platform says, and takes nothing else for one", () => {
  const cases: [Partial<ContainerFacts>, string][] = [
    [pod("user-container", REVISION), "knative thumb"],
    [pod("user-container", REVISION, "team"), "knative team/thumb"],
    [pod("user-container", { "serving.knative.dev/revision": "r-1" }), "knative r-1"],
    [pod("queue-proxy", REVISION), "helper"],
    [pod("istio-proxy", REVISION), "helper"],
    [pod("istio-proxy", { istio: "ingressgateway" }), "unknown"],
    [pod("daprd", {}), "unknown"],
    [pod("fib", { faas_function: "fib" }, "openfaas-fn"), "openfaas fib"],
    [pod("fib", { faas_function: "fib" }, "staging"), "openfaas staging/fib"],
    [pod("linkerd-proxy", { faas_function: "fib" }, "openfaas-fn"), "helper"],
    [pod("python", { environmentName: "python" }), "unnamed"],
    [
      pod("python", { environmentName: "python", functionName: "hello", functionNamespace: "dev" }),
      "fission dev/hello",
    ],
    [pod("fetcher", { environmentName: "python", functionName: "hello" }), "helper"],
    [pod("user-action", { "user-action-pod": "true" }, "openwhisk"), "unnamed"],
    [
      pod("user-action", { "user-action-pod": "true", "openwhisk/action": "a", "openwhisk/namespace": "ns" }),
      "openwhisk ns/a",
    ],
    [{ name: "wsk0_12_guest_hello" }, "openwhisk hello"],
    [{ name: "wsk10_3_team_my_action" }, "openwhisk team/my_action"],
    [{ name: "wsk0_12_prewarm_nodejs20" }, "unnamed"],
    [{ name: "wsk_controller" }, "unknown"],
    [pod("nuclio", { "nuclio.io/function-name": "f", "nuclio.io/class": "function" }, "nuclio"), "nuclio f"],
    [{ name: "nuclio-nuclio-f", labels: { "nuclio.io/function-name": "f" } }, "nuclio f"],
    [{ name: "nuclio-team-f", labels: { "nuclio.io/function-name": "f" } }, "nuclio team/f"],
    [{ name: "nuclio-dashboard" }, "unknown"],
    [{ env: ["FN_APP_ID=01A", "FN_FN_ID=01B"] }, "fn 01B"],
    [{ env: ["FN_FN_ID=01B"] }, "unknown"],
    [{ runtime: "containerd", namespace: "openfaas-fn", id: "fib" }, "faasd fib"],
    [{
      runtime: "containerd",
      namespace: "staging",
      id: "fib",
      labels: { "com.openfaas.annotations.x": "1" },
    }, "faasd staging/fib"],
    [{ runtime: "containerd", namespace: "openfaas", id: "gateway" }, "unknown"],
    [{
      labels: { "ol.cluster": "/ol/worker" },
      mounts: [{ source: "/ol/worker/scratch/7-echo", destination: "/host" }],
    }, "openlambda echo"],
    [{ labels: { "ol.cluster": "/ol/worker" } }, "unnamed"],
    [{ labels: { "alps.function": "mine" } }, "docker mine"],
    [pod("any", { "alps.function": "mine" }, "team"), "kubernetes team/mine"],
    [pod("web", { app: "web" }), "unknown"],
    [{ labels: { "io.kubernetes.cri.container-type": "sandbox", "alps.function": "x" } }, "helper"],
    [
      { name: "postgres", labels: { "": "", constructor: "x", __proto__: "y" } as Record<string, string> },
      "unknown",
    ],
  ];
  for (const [given, wanted] of cases) assert.equal(look(given), wanted, JSON.stringify(given));
});

Deno.test("recognise() passes hostile labels on as they are: names are checked by who asks", () => {
  const what = recognise(facts({ labels: { "alps.function": "../../etc\u001b[2J" } }));
  assert.equal(what.kind === "function" && what.name, "../../etc\u001b[2J");
});

Deno.test("recognise() takes no stranger in a function's pod for the function", () => {
  const among = (name: string, labels: Record<string, string>, ...containers: string[]) =>
    look({ name, labels, pod: { namespace: "default", name: "pod-1", containers } });
  const mine = { "alps.function": "mine" };
  assert.equal(among("app", mine, "app"), "kubernetes mine");
  assert.equal(among("app", mine, "app", "istio-proxy"), "kubernetes mine");
  assert.equal(among("app", mine, "app", "log-shipper"), "unknown");
  assert.equal(among("log-shipper", mine, "app", "log-shipper"), "unknown");
  assert.equal(among("user-container", REVISION, "user-container", "cache"), "knative thumb");
  assert.equal(among("cache", REVISION, "user-container", "cache"), "unknown");
  const fission = { environmentName: "python", functionName: "hello" };
  assert.equal(among("python", fission, "python", "fetcher", "x"), "fission hello");
  assert.equal(among("x", fission, "python", "fetcher", "x"), "unknown");
});
