/** The interface of discovery: given the cgroups of a process, what function, which platform, what instance? */

import type { Recognised } from "./facts.ts";

/** Where a process is. */
export interface Place {
  readonly pid: number;
  /** Paths of its cgroups, that of the cpu controller first. */
  readonly cgroups: readonly string[];
}

/** What a source says of a place. */
export interface Found {
  /** The instance's cgroup; processes further down belong to it, too. */
  readonly cgroup: string;
  /** Name of the instance, by which the source tells of changes: a container's or a pod's id. */
  readonly instance: string;
  /**
   * Whether it holds for this process alone: the platform puts the next instance into the same cgroup. Such a finding is not
   * kept for others.
   */
  readonly fleeting?: boolean;
  /** Whether the platform itself puts a function's processes into it from outside: whatever comes is the function's. */
  readonly filledFromOutside?: boolean;
  readonly what:
    | Recognised
    /** It is a container, and what it is will be known shortly: ask again. The hint is for where it never is. */
    | { readonly kind: "pending"; readonly hint: string }
    /** It is a container, and of no platform that is known. */
    | { readonly kind: "unknown"; readonly hint: string };
}

/** How a source is, for people. */
export interface SourceStatus {
  /** `absent`: there is no such thing on this machine. */
  readonly state: "working" | "failing" | "absent";
  /** One line: where it looks, or why that fails. */
  readonly detail: string;
}

/** One way to find functions. */
export interface Source extends Disposable {
  readonly name: string;
  readonly status: SourceStatus;
  /** Says what a place is; undefined where it knows nothing of it. Quick: whoever asks waits. Never throws. */
  find(place: Place): Found | undefined;
  /**
   * Begins to follow what changes.
   * @param changed called with an instance of which `find` may say something else from now on
   */
  start?(changed: (instance: string) => void): void;
}

/** Whether a path leads to a cgroup, or further down from there. */
export function isIn(path: string, cgroup: string): boolean {
  return path === cgroup || path.startsWith(cgroup === "/" ? cgroup : `${cgroup}/`);
}
