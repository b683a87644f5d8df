/** Knative Serving: labels of the pod. Its `queue-proxy` is not the function. */
import { type ContainerFacts, label, qualified, type Recognised } from "../facts.ts";

const LABELS = ["service", "configuration", "revision"].map((each) => `serving.knative.dev/${each}`);

export function knative(facts: ContainerFacts): Recognised | undefined {
  const platform = "knative", found = LABELS.find((each) => label(facts, each) !== undefined);
  if (!facts.pod || found === undefined) return undefined;
  if (facts.name === "queue-proxy") return { kind: "helper", platform };
  const name = qualified(label(facts, found)!, facts.pod.namespace, "default");
  return { kind: "function", platform, name, foundBy: `pod label ${found}` };
}
