/**
 * Functions find themselves: whose instance a process belongs to, by what the platforms on this machine tell. What none of
 * them tells is unknown, and never guessed.
 */

import type { FunctionFinding } from "./facts.ts";
import { nameProblem, shown } from "../names.ts";
import type { Found, Place, Source, SourceStatus } from "./source.ts";

/** What is known of the process's place. */
export type Finding =
  | (FunctionFinding & { readonly cgroup: string })
  /** No container, or none that a function could be in. */
  | { readonly kind: "none" }
  /** Ask again at the next opportunity; {@link Discovery} tells when it is known. */
  | { readonly kind: "pending" };

/** A container that is no known function's. */
export interface UnknownContainer {
  readonly cgroup: string;
  readonly pid: number;
  readonly hint: string;
}

/** A source, for people. */
export type SourceReport = SourceStatus & { readonly name: string };

/** What is pending is looked at again after these pauses, in milliseconds; then it is unknown until its source tells otherwise. */
const LOOKS_MS = [5, 20, 100, 400, 1500, 5000];

/** How often it is looked for instances that are gone. */
const SWEEP_MS = 5000;

/** Most instances that are kept: those seen last. */
const MOST_INSTANCES = 20_000;

/** Processes that are remembered of an instance, for where its cgroup cannot be read. */
const MOST_PIDS = 16;

/** One container, VM or the like. */
interface Instance {
  found: Found;
  readonly pids: Set<number>;
  looks: number;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether it has been told that it helps a function. */
  toldHelp: boolean;
}

/** Whom discovery tells. */
export interface DiscoveryListener {
  /** An instance is something else than before: its processes are to be looked at again. */
  changed(cgroup: string, pids: ReadonlySet<number>, wasPending: boolean): void;
  /** An instance is gone. */
  gone(cgroup: string): void;
  /**
   * A cgroup holds what helps a function and is none, or does so no more.
   * @returns false where the cgroup is not there yet: it is told again
   */
  helps(cgroup: string, helps: boolean): boolean;
}

/** Asks sources, in order: the first that knows a place decides. */
export class Discovery implements Disposable {
  readonly #instances = new Map<string, Instance>();
  readonly #cgroupsOf = new Map<string, Set<string>>();
  #listener: DiscoveryListener | undefined;
  #sweeping: ReturnType<typeof setInterval> | undefined;

  /** @param exists whether a cgroup is still there; undefined where that cannot be told */
  constructor(
    readonly sources: readonly Source[],
    readonly exists: (cgroup: string) => boolean | undefined,
  ) {}

  /** Begins to follow what changes. */
  start(listener: DiscoveryListener): void {
    this.#listener = listener;
    for (const source of this.sources) source.start?.((instance) => this.#changed(instance));
    this.#sweeping = setInterval(() => this.sweep(), SWEEP_MS);
  }

  /** Says whose a process is by its place. Quick: reads files at most. */
  find(place: Place): Finding {
    for (const path of place.cgroups) {
      const known = this.#instances.get(path);
      if (!known) continue;
      note(known, place.pid);
      this.#tellHelp(known);
      // Metadata that was known stays so until its source tells otherwise.
      if (known.found.what.kind !== "pending" && known.found.what.kind !== "unknown") {
        return findingOf(known.found);
      }
    }
    const found = this.#ask(place);
    if (!found) return { kind: "none" };
    return findingOf(this.#keep(found, place.pid));
  }

  /** Containers that are no known function's, those seen last first. */
  unknown(): UnknownContainer[] {
    const list: UnknownContainer[] = [];
    for (const { found, pids } of this.#instances.values()) {
      const { what, cgroup } = found;
      if (what.kind !== "unknown" && what.kind !== "unnamed" && what.kind !== "pending") continue;
      list.push({ cgroup, pid: [...pids].at(-1) ?? 0, hint: hintOf(what, cgroup) });
    }
    return list.reverse();
  }

  /** The cgroups of an instance, by its container's id or another name that its source has for it. */
  cgroupsOf(instance: string): string[] {
    return [...this.#cgroupsOf.get(instance) ?? []].concat(
      // A pod's containers are known by the pod: their cgroups end in their own ids.
      [...this.#instances.keys()].filter((cgroup) => endsIn(cgroup, instance)),
    );
  }

  /** How the sources are. */
  reports(): SourceReport[] {
    return this.sources.map(({ name, status }) => ({ name, ...status }));
  }

  /** Instances that are kept. */
  get size(): number {
    return this.#instances.size;
  }

  /** Forgets instances whose cgroups are gone. */
  sweep(): void {
    for (const [cgroup, instance] of this.#instances) {
      const there = this.exists(cgroup) ?? [...instance.pids].some(isAlive);
      if (!there) this.#forget(cgroup);
      else this.#tellHelp(instance);
    }
  }

  #ask(place: Place): Found | undefined {
    for (const source of this.sources) {
      const found = source.find(place);
      if (found) return { ...found, what: usable(found.what) };
    }
    return undefined;
  }

  /** Remembers what was found. Returns it, or that it is unknown where it has been pending for too long. */
  #keep(found: Found, pid: number): Found {
    const { cgroup, instance: name } = found;
    let instance = this.#instances.get(cgroup);
    if (instance && instance.found.instance !== name) {
      this.#forget(cgroup);
      instance = undefined;
    }
    if (instance) {
      this.#set(instance, found);
      note(instance, pid);
    } else {
      instance = { found, pids: new Set([pid]), looks: 0, timer: undefined, toldHelp: false };
      this.#tellHelp(instance);
      this.#instances.set(cgroup, instance);
      const cgroups = this.#cgroupsOf.get(name) ?? new Set();
      this.#cgroupsOf.set(name, cgroups.add(cgroup));
      if (this.#instances.size > MOST_INSTANCES) this.#forget(this.#instances.keys().next().value!);
    }
    if (instance.found.what.kind === "pending") this.#lookLater(instance);
    return instance.found;
  }

  #set(instance: Instance, found: Found): void {
    const { what } = found;
    instance.found = what.kind === "pending" && instance.looks >= LOOKS_MS.length
      ? { ...found, what: { kind: "unknown", hint: what.hint } }
      : found;
    this.#tellHelp(instance);
  }

  #tellHelp(instance: Instance): void {
    const { found: { what, cgroup }, toldHelp } = instance, helps = what.kind === "helper";
    if (helps !== toldHelp && this.#listener?.helps(cgroup, helps)) instance.toldHelp = helps;
  }

  #lookLater(instance: Instance): void {
    const pause = LOOKS_MS[instance.looks];
    if (pause === undefined || instance.timer !== undefined || !this.#listener) return;
    instance.timer = setTimeout(() => {
      instance.timer = undefined;
      instance.looks++;
      this.#lookAgain(instance);
      if (instance.found.what.kind === "pending") this.#lookLater(instance);
    }, pause);
  }

  #changed(name: string): void {
    for (const cgroup of this.#cgroupsOf.get(name) ?? []) this.#lookAgain(this.#instances.get(cgroup)!);
  }

  #lookAgain(instance: Instance): void {
    const { found: before, pids } = instance, pid = [...pids].at(-1)!;
    const found = this.#ask({ pid, cgroups: [before.cgroup] });
    if (!found || found.cgroup !== before.cgroup) return;
    this.#set(instance, found);
    if (isSame(before.what, instance.found.what)) return;
    this.#listener?.changed(before.cgroup, pids, before.what.kind === "pending");
  }

  #forget(cgroup: string): void {
    const instance = this.#instances.get(cgroup)!, name = instance.found.instance;
    clearTimeout(instance.timer);
    this.#instances.delete(cgroup);
    const cgroups = this.#cgroupsOf.get(name);
    cgroups?.delete(cgroup);
    if (cgroups?.size === 0) this.#cgroupsOf.delete(name);
    if (instance.toldHelp) this.#listener?.helps(cgroup, false);
    this.#listener?.gone(cgroup);
  }

  [Symbol.dispose](): void {
    this.#listener = undefined;
    clearInterval(this.#sweeping);
    for (const { timer } of this.#instances.values()) clearTimeout(timer);
    for (const source of this.sources) source[Symbol.dispose]();
  }
}

/** What a source says, without names that cannot be a function's: labels are chosen by whoever deploys. */
function usable(what: Found["what"]): Found["what"] {
  if (what.kind !== "function") return what;
  const problem = nameProblem(what.name);
  if (problem !== undefined) {
    const hint = `${what.platform}: ${what.foundBy} says "${shown(what.name)}": ${problem}`;
    return { kind: "unknown", hint };
  }
  const { id, ...rest } = what;
  return id === undefined || nameProblem(id) !== undefined ? rest : what;
}

function findingOf({ what, cgroup }: Found): Finding {
  if (what.kind === "function") return { ...what, cgroup };
  return { kind: what.kind === "pending" ? "pending" : "none" };
}

/** Whether two looks say the same of an instance's processes. */
function isSame(a: Found["what"], b: Found["what"]): boolean {
  if (a.kind === "function" && b.kind === "function") {
    return a.name === b.name && a.platform === b.platform && a.id === b.id;
  }
  // Of the rest none is a function's, but what is pending is asked about again and again.
  return a.kind !== "function" && b.kind !== "function" && (a.kind === "pending") === (b.kind === "pending");
}

/** What to do about a container that nothing names. */
function hintOf(what: Exclude<Found["what"], { kind: "function" | "helper" }>, cgroup: string): string {
  const rule = `a rule names it: NAME=cgroup:${cgroup}`;
  return what.kind === "unnamed" ? `${what.platform}: ${what.hint}` : `${what.hint}; ${rule}`;
}

/** Whether a container's cgroup is called by this id. */
function endsIn(cgroup: string, id: string): boolean {
  return cgroup.endsWith(`/${id}`) || cgroup.endsWith(`-${id}.scope`);
}

function note({ pids }: Instance, pid: number): void {
  if (pids.has(pid)) return;
  if (pids.size >= MOST_PIDS) pids.delete(pids.values().next().value!);
  pids.add(pid);
}

function isAlive(pid: number): boolean {
  try {
    Deno.statSync(`/proc/${pid}`);
    return true;
  } catch {
    return false;
  }
}
