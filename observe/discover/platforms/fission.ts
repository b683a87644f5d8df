/** Fission: labels that a pod of the pool gets when it is made a function's, and that of a new deployment from its start. */
import { type ContainerFacts, label, qualified, type Recognised } from "../facts.ts";

export function fission(facts: ContainerFacts): Recognised | undefined {
  const platform = "fission", environment = label(facts, "environmentName");
  const name = label(facts, "functionName");
  if (!facts.pod || (name === undefined && environment === undefined)) return undefined;
  // It gets the function's code, and then waits for the next one.
  if (facts.name === "fetcher") return { kind: "helper", platform };
  if (name === undefined) {
    const hint = "a pod of Fission's pool, not yet a function's: named as soon as Fission labels it";
    return { kind: "unnamed", platform, hint };
  }
  const namespace = label(facts, "functionNamespace") ?? facts.pod.namespace;
  const foundBy = "pod label functionName";
  return { kind: "function", platform, name: qualified(name, namespace, "default"), foundBy };
}
