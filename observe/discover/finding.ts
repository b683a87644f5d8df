/** What becomes of what a source says of a place. Pure. */

import { nameProblem, shown } from "../names.ts";
import type { FunctionFinding } from "./facts.ts";
import type { Found } from "./source.ts";

/** What is known of the process's place. */
export type Finding =
  | (FunctionFinding & {
    readonly cgroup: string;
    readonly fleeting: boolean;
    readonly filledFromOutside: boolean;
  })
  /** No container, or none that a function could be in. */
  | { readonly kind: "none"; readonly fleeting: boolean }
  /** Ask again at the next opportunity; {@link Discovery} tells when it is known. */
  | { readonly kind: "pending" };

/** What a source says, without names that cannot be a function's: labels are chosen by whoever deploys. */
export function usable(what: Found["what"]): Found["what"] {
  if (what.kind !== "function") return what;
  const problem = nameProblem(what.name);
  if (problem !== undefined) {
    const hint = `${what.platform}: ${what.foundBy} says "${shown(what.name)}": ${problem}`;
    return { kind: "unknown", hint };
  }
  const { id, ...rest } = what;
  return id === undefined || nameProblem(id) !== undefined ? rest : what;
}

/** What is told of a place of which a source has said something. */
export function findingOf({ what, cgroup, fleeting = false, filledFromOutside = false }: Found): Finding {
  if (what.kind === "function") return { ...what, cgroup, fleeting, filledFromOutside };
  return what.kind === "pending" ? { kind: "pending" } : { kind: "none", fleeting };
}

/** Whether two looks say the same of an instance's processes. */
export function isSame(a: Found["what"], b: Found["what"]): boolean {
  if (a.kind === "function" && b.kind === "function") {
    return a.name === b.name && a.platform === b.platform && a.id === b.id;
  }
  // Of the rest none is a function's, but what is pending is asked about again and again.
  return a.kind !== "function" && b.kind !== "function" && (a.kind === "pending") === (b.kind === "pending");
}

/** What to do about a container that nothing names. */
export function hintOf(
  what: Exclude<Found["what"], { kind: "function" | "helper" }>,
  cgroup: string,
): string {
  const rule = `a rule names it: NAME=cgroup:${cgroup}`;
  return what.kind === "unnamed" ? `${what.platform}: ${what.hint}` : `${what.hint}; ${rule}`;
}
