/**
 * Processes that somebody has put into a container from outside: health checks, probes, a shell to look around. They are in the
 * function's cgroup, and no work of the function's.
 */

import { parseCgroups } from "../proc.ts";
import { isIn } from "./source.ts";

/** What is looked at of a process. */
export interface ProcessView {
  readonly parentPid: number;
  /** Its id in each pid namespace that it is in, the agent's first (proc(5), `NSpid`). */
  readonly ids: readonly number[];
  /** Paths in all hierarchies. */
  readonly cgroups: readonly string[];
}

/** How far up it is looked for the process that a container's others come from. */
const MOST_ANCESTORS = 32;

/**
 * Whether a process of a container's cgroup, or the one there that it comes from, was put in: its parent is outside, and it is
 * not what the container began with. That is known of a container with a pid namespace of its own, where it has the id 1; of
 * another one nothing tells, and all in it counts as the function's.
 *
 * @param processesIn lists a cgroup's processes
 * @param look undefined where there is no such process (any more)
 */
export function hasEntered(
  pid: number,
  cgroup: string,
  processesIn: (cgroup: string) => Iterable<number>,
  look: (pid: number) => ProcessView | undefined = lookAt,
): boolean {
  const isInside = (view: ProcessView) => view.cgroups.some((path) => isIn(path, cgroup));
  let top = look(pid);
  for (let left = MOST_ANCESTORS; top && left > 0; left--) {
    const parent = look(top.parentPid);
    if (!parent || !isInside(parent)) break;
    top = parent;
  }
  if (!top || isInit(top)) return false;
  for (const other of processesIn(cgroup)) {
    const view = look(other);
    if (!view || !isInit(view)) continue;
    // One whose parent is in there, too, is some sandbox's inside of the container.
    const parent = look(view.parentPid);
    if (!parent || !isInside(parent)) return true;
  }
  return false;
}

/** Whether it is the first one of a pid namespace inside of the agent's. */
function isInit({ ids }: ProcessView): boolean {
  return ids.length > 1 && ids.at(-1) === 1;
}

function lookAt(pid: number): ProcessView | undefined {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    const { cpu, others } = parseCgroups(Deno.readTextFileSync(`/proc/${pid}/cgroup`));
    return {
      parentPid: Number(/^PPid:\t([0-9]+)$/m.exec(status)?.[1] ?? 0),
      ids: (/^NSpid:\t(.*)$/m.exec(status)?.[1] ?? "").split("\t").map(Number),
      cgroups: cpu === undefined ? others : [cpu, ...others],
    };
  } catch {
    return undefined;
  }
}
