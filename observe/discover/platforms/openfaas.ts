/**
 * OpenFaaS on Kubernetes (label `faas_function` of the pod; the function's container has its name) and faasd (containerd's
 * namespace `openfaas-fn`, the container's id is the function's name).
 */
import { type ContainerFacts, label, qualified, type Recognised } from "../facts.ts";

const NAMESPACE = "openfaas-fn";
const ANNOTATIONS = "com.openfaas.";

export function openFaas(facts: ContainerFacts): Recognised | undefined {
  const platform = "openfaas";
  if (facts.pod) {
    const name = label(facts, "faas_function");
    if (name === undefined) return undefined;
    if (facts.name !== undefined && facts.name !== name) return { kind: "helper", platform };
    const foundBy = "pod label faas_function";
    return { kind: "function", platform, name: qualified(name, facts.pod.namespace, NAMESPACE), foundBy };
  }
  if (facts.runtime !== "containerd") return undefined;
  const annotated = Object.keys(facts.labels).some((name) => name.startsWith(ANNOTATIONS));
  if (facts.namespace !== NAMESPACE && !annotated) return undefined;
  return {
    kind: "function",
    platform: "faasd",
    name: qualified(facts.id, facts.namespace, NAMESPACE),
    foundBy: "containerd's container id",
  };
}
