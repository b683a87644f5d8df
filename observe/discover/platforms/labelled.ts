/** Containers and pods of no platform that carry the agent's own label. */
import { type ContainerFacts, label, qualified, type Recognised } from "../facts.ts";

/** The label's name; in a pod it may be an annotation. */
export const LABEL = "alps.function";

export function labelled(facts: ContainerFacts): Recognised | undefined {
  const name = label(facts, LABEL);
  if (name === undefined) return undefined;
  return {
    kind: "function",
    platform: facts.runtime,
    name: qualified(name, facts.pod?.namespace, "default"),
    foundBy: `label ${LABEL}`,
  };
}
