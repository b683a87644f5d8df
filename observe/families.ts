/** Which processes become part of which invocation together with one another: by who is whose child. */

import { childrenOf, descendantsOf, processesNear, type ProcessIdentity } from "./identity.ts";
import type { Adoption, Observer } from "./observer.ts";

/** Most looks for a new invocation's descendants: one that forks faster than it is looked at is given up. */
const MOST_LOOKS = 8;

/**
 * Adopts a process and the descendants that it has made before this. Those that it makes once it is followed inherit; what
 * is forked between the look at /proc and the adoption is found by the next look.
 * @returns 1 where the process was gone, else 0
 */
export function adoptFamily(kernel: Pick<Observer, "adopt">, root: Adoption): number {
  const seen = new Set([root.pid]);
  let gone = 0;
  for (let look = 0; look < MOST_LOOKS; look++) {
    const family = descendantsOf(childrenOf(processesNear(root.pid)), root.pid);
    const fresh = family.filter((pid) => !seen.has(pid));
    if (look > 0 && fresh.length === 0) break;
    for (const pid of fresh) seen.add(pid);
    const left = kernel.adopt([
      root,
      ...fresh.map((pid) => ({ pid, functionId: root.functionId, root: root.pid })),
    ]);
    if (look === 0) gone = left;
  }
  return gone;
}

/** What becomes of a process: it stays in its parent's invocation, if any, leaves that, or begins one of a function's. */
export type Belonging = "stays" | "leaves" | number;

/**
 * Plans what running processes become part of, parents before their children. Pure but for `placeOf`.
 *
 * @param placeOf what a process is, given the function whose invocation its parent is in
 * @returns by process; those that belong to no invocation are not in it
 */
export function planFamilies(
  identities: Iterable<ProcessIdentity>,
  placeOf: (identity: ProcessIdentity, inherited: number | undefined) => Belonging,
): Map<number, Adoption> {
  const processes = new Map<number, ProcessIdentity>();
  for (const identity of identities) processes.set(identity.pid, identity);
  const children = childrenOf(processes.values());
  const adoptions = new Map<number, Adoption>(), visited = new Set<number>();
  const visit = (pid: number, inherited: Adoption | undefined) => {
    const identity = processes.get(pid);
    // A pid that was reused during the scan can make a circle.
    if (!identity || visited.has(pid)) return;
    visited.add(pid);
    const place = placeOf(identity, inherited?.functionId);
    const own = place === "leaves"
      ? undefined
      : place === "stays"
      ? inherited && { ...inherited, pid }
      : { pid, functionId: place, root: pid };
    if (own) adoptions.set(pid, own);
    for (const child of children.get(pid) ?? []) visit(child, own);
  };
  for (const { pid, parentPid } of processes.values()) if (!processes.has(parentPid)) visit(pid, undefined);
  return adoptions;
}
