/** Apache OpenWhisk: on Kubernetes by the pod's labels, on Docker by the container's name. */
import { type ContainerFacts, label, qualified, type Recognised } from "../facts.ts";

const platform = "openwhisk";

/** `wsk<invoker's name><number>_<count>_<namespace>_<action>`; pre-warmed: `…_prewarm_<kind>`. */
const CONTAINER_NAME = /^wsk[^_]*_[0-9]+_([^_]+)_(.+)$/s;

const PREWARMED = "a pre-warmed container of OpenWhisk: nothing tells its action";

export function openWhisk(facts: ContainerFacts): Recognised | undefined {
  if (facts.pod) {
    if (label(facts, "user-action-pod") === undefined && label(facts, "openwhisk/action") === undefined) {
      return undefined;
    }
    const action = label(facts, "openwhisk/action");
    if (action === undefined) return { kind: "unnamed", platform, hint: `${PREWARMED} yet` };
    return named(label(facts, "openwhisk/namespace"), action, "pod label openwhisk/action");
  }
  if (facts.runtime !== "docker") return undefined;
  const [, namespace, action] = CONTAINER_NAME.exec(facts.name ?? "") ?? [];
  if (namespace === undefined || action === undefined) return undefined;
  if (namespace === "prewarm") return { kind: "unnamed", platform, hint: PREWARMED };
  return named(namespace, action, "container name");
}

function named(namespace: string | undefined, action: string, foundBy: string): Recognised {
  return { kind: "function", platform, name: qualified(action, namespace, "guest"), foundBy };
}
