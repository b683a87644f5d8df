/** containerd's containers: by the bundles that it keeps beside them, without asking it. */

import { shown } from "../names.ts";
import { Bundles } from "./bundles.ts";
import { containersOf } from "./container_path.ts";
import { recognise } from "./recognise.ts";
import type { Found, Place, Source, SourceStatus } from "./source.ts";

export class ContainerdSource implements Source {
  readonly name = "containerd";

  constructor(readonly bundles: Bundles = new Bundles()) {}

  get status(): SourceStatus {
    const { found } = this.bundles;
    return found.length > 0
      ? { state: "working", detail: found.join(", ") }
      : { state: "absent", detail: `no containers in ${this.bundles.states.join(", ")}` };
  }

  find({ cgroups }: Place): Found | undefined {
    for (const path of cgroups) {
      for (const { cgroup, id } of containersOf(path)) {
        const look = this.bundles.byId(id, cgroup);
        if (look) return found(cgroup, id, look);
      }
      const look = this.bundles.byPath(path) ?? this.bundles.byCgroupsPath(path);
      if (look && "contested" in look) {
        const hint = `several containers of containerd were to have this cgroup: ${shown(look.contested)}`;
        return { cgroup: look.cgroup, instance: look.cgroup, what: { kind: "unknown", hint } };
      }
      if (look) return found(look.cgroup, "facts" in look ? look.facts.id : look.cgroup, look);
    }
    return undefined;
  }

  [Symbol.dispose](): void {}
}

function found(cgroup: string, instance: string, look: NonNullable<ReturnType<Bundles["byId"]>>): Found {
  const what: Found["what"] = "problem" in look
    ? { kind: "pending", hint: look.problem } // it may be being written
    : recognise(look.facts);
  return { cgroup, instance, what };
}
