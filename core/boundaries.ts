/** Begins and ends of invocations that a platform tells. */

import { type Boundary, type InstanceEntry, RequestError } from "../api/agent_view.ts";
import type { Classifier } from "../observe/classifier.ts";
import { type FunctionTable, shownId } from "../observe/functions.ts";
import { readIdentity } from "../observe/identity.ts";
import { shown } from "../observe/names.ts";
import type { Observer } from "../observe/observer.ts";
import { SlotTable } from "../observe/slots.ts";

/** How far a process may be from its instance's first one. */
const MOST_ANCESTORS = 32;

/** Where instances are looked for. */
export interface BoundaryParts {
  readonly observer: Pick<Observer, "libc" | "fds" | "tell">;
  readonly functions: FunctionTable;
  readonly classifier: Pick<Classifier, "discovery" | "cgroups">;
}

/** Takes what is told. Maps the slots with the first of it. */
export class Boundaries implements Disposable {
  #slots: SlotTable | undefined;

  constructor(readonly parts: BoundaryParts) {}

  /** @throws RequestError 404 where there is no such instance, 409 where it is not warm, or where there are several */
  tell({ event, container, pid }: Boundary): InstanceEntry {
    const { observer, functions } = this.parts;
    this.#slots ??= new SlotTable(observer.libc, observer.fds.slotsFd);
    const found = pid === undefined ? this.#ofContainer(container!) : this.#ofProcess(pid);
    const info = found && functions.byId(found.functionId);
    if (!found || !info) {
      const what = pid === undefined ? `container "${shown(container!)}"` : `process ${pid}`;
      throw new RequestError(
        404,
        `no function's instance is ${what}`,
        pid === undefined ? "container" : "pid",
      );
    }
    if (!observer.tell(found.slot, found.generation, event === "start")) {
      const why = "its function is not in mode warm, or it has just ended";
      throw new RequestError(409, `cannot ${event} an invocation in process ${found.pid}: ${why}`);
    }
    return { function: info.name, function_id: shownId(info), pid: found.pid };
  }

  /** The instance that a process belongs to: by itself, or by the nearest process above it that is an instance's first. */
  #ofProcess(pid: number) {
    for (let each = pid, left = MOST_ANCESTORS; each > 1 && left > 0; left--) {
      const found = this.#slots!.ofProcess(each);
      if (found) return { ...found, pid: each };
      each = readIdentity(each)?.parentPid ?? 0;
    }
    return undefined;
  }

  #ofContainer(id: string) {
    const { discovery, cgroups } = this.parts.classifier;
    const instances = (discovery?.cgroupsOf(id) ?? []).flatMap((cgroup) => {
      const found = [...cgroups.processesIn(cgroup)].flatMap((pid) => {
        const slot = this.#slots!.ofProcess(pid);
        return slot ? [{ ...slot, pid }] : [];
      });
      // What was executed in it later, by a probe for instance, is not the one that serves.
      const taken = (each: { slot: number }) => this.#slots!.takenNs(each.slot);
      return found.length === 0 ? [] : [found.reduce((a, b) => taken(b) < taken(a) ? b : a)];
    });
    if (instances.length > 1) {
      const pids = instances.map(({ pid }) => pid).join(", ");
      throw new RequestError(
        409,
        `container "${shown(id)}" is several instances: give the pid of one, ${pids}`,
        "container",
      );
    }
    return instances[0];
  }

  [Symbol.dispose](): void {
    this.#slots?.[Symbol.dispose]();
  }
}
