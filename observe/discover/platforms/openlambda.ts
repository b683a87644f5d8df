/** OpenLambda's Docker sandboxes: a label of the worker's, and what is bound into the container. */
import { type ContainerFacts, label, type Recognised } from "../facts.ts";

const SCRATCH = /\/(?:scratch|code)\/[0-9]+-([^/]+)$/;

export function openLambda(facts: ContainerFacts): Recognised | undefined {
  const platform = "openlambda";
  if (label(facts, "ol.cluster") === undefined) return undefined;
  for (const { source, destination } of facts.mounts) {
    if (destination !== "/host" && destination !== "/handler") continue;
    const name = SCRATCH.exec(source)?.[1];
    if (name !== undefined) return { kind: "function", platform, name, foundBy: `bind of ${destination}` };
  }
  return { kind: "unnamed", platform, hint: "a container of OpenLambda's whose binds name no lambda" };
}
