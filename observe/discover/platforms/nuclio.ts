/** Nuclio: labels of the pod or of Docker's container; what does not carry them has no function. */
import { type ContainerFacts, label, qualified, type Recognised } from "../facts.ts";

export function nuclio(facts: ContainerFacts): Recognised | undefined {
  const platform = "nuclio", name = label(facts, "nuclio.io/function-name");
  if (name === undefined) return undefined;
  if (facts.pod) {
    if (facts.name !== undefined && facts.name !== "nuclio") return { kind: "helper", platform };
    const foundBy = "pod label nuclio.io/function-name";
    return { kind: "function", platform, name: qualified(name, facts.pod.namespace, "nuclio"), foundBy };
  }
  // The container is called nuclio-<namespace>-<function>.
  const whole = facts.name ?? "", begin = "nuclio-", end = `-${name}`;
  const namespace = whole.startsWith(begin) && whole.endsWith(end) && whole.length > begin.length + end.length
    ? whole.slice(begin.length, -end.length)
    : undefined;
  const foundBy = "label nuclio.io/function-name";
  return { kind: "function", platform, name: qualified(name, namespace, "nuclio"), foundBy };
}
