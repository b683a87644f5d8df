/** All platforms' looks at a container, in the order in which they are asked. */

import { shown } from "../names.ts";
import { type ContainerFacts, label, type Recognised, type Recogniser } from "./facts.ts";
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
  for (const look of RECOGNISERS) {
    const found = look(facts);
    // A name says nothing by itself: an ingress gateway's only container is called as the proxies beside functions.
    if (found && facts.pod && facts.name !== undefined && HELPERS.includes(facts.name)) {
      return { kind: "helper", platform: "kubernetes" };
    }
    if (found) return theOne(found, facts);
  }
  return { kind: "unknown", hint: "no label, name or variable of a platform that is known" };
}

/** Names that platforms give to the function's own container, or the label with that name. */
const OWN: Readonly<Record<string, (facts: ContainerFacts) => string | undefined>> = {
  knative: () => "user-container",
  openwhisk: () => "user-action",
  fission: (facts) => label(facts, "environmentName"),
};

/** A pod's labels are all of its containers': where it has several, the function is the one that is called so. */
function theOne(found: Recognised, { pod, name, ...facts }: ContainerFacts): Found["what"] {
  // These two have told by the container's name already.
  if (found.kind !== "function" || found.platform === "openfaas" || found.platform === "nuclio") return found;
  const others = pod?.containers?.filter((each) => !HELPERS.includes(each) && each !== "fetcher") ?? [];
  if (others.length < 2 || name === OWN[found.platform]?.({ pod, name, ...facts })) return found;
  const hint =
    `${found.platform}: ${found.foundBy} names a pod of ${others.length} containers, and nothing tells whether "${
      shown(name ?? "")
    }" is the function`;
  return { kind: "unknown", hint };
}
