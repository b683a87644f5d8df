/** All platforms' looks at a container, in the order in which they are asked. */

import type { ContainerFacts, Recogniser } from "./facts.ts";
import { fission } from "./platforms/fission.ts";
import { fn } from "./platforms/fn.ts";
import { knative } from "./platforms/knative.ts";
import { labelled } from "./platforms/labelled.ts";
import { nuclio } from "./platforms/nuclio.ts";
import { openFaas } from "./platforms/openfaas.ts";
import { openLambda } from "./platforms/openlambda.ts";
import { openWhisk } from "./platforms/openwhisk.ts";
import type { Found } from "./source.ts";

/** The agent's own label first: who sets it means it. */
const RECOGNISERS: readonly Recogniser[] = [
  labelled,
  knative,
  openFaas,
  fission,
  nuclio,
  openWhisk,
  openLambda,
  fn,
];

/** Names of containers that platforms and service meshes put beside others in a pod. */
const HELPERS = ["queue-proxy", "istio-proxy", "istio-init", "linkerd-proxy", "linkerd-init", "POD", "daprd"];

/** What a container is. */
export function recognise(facts: ContainerFacts): Found["what"] {
  // containerd says which of a pod's containers only holds its namespaces (containerd, pkg/cri/annotations).
  if (facts.labels["io.kubernetes.cri.container-type"] === "sandbox") {
    return { kind: "helper", platform: "kubernetes" };
  }
  if (facts.pod && facts.name !== undefined && HELPERS.includes(facts.name)) {
    return { kind: "helper", platform: "kubernetes" };
  }
  for (const look of RECOGNISERS) {
    const found = look(facts);
    if (found) return found;
  }
  return { kind: "unknown", hint: "no label, name or variable of a platform that is known" };
}
