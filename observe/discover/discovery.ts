/**
 * Functions find themselves: whose instance a process belongs to, by what the platforms on this machine tell. What none of
 * them tells is unknown, and never guessed.
 */

import type { CgroupId } from "../cgroups.ts";
import { containersOf } from "./container_path.ts";
import { type Finding, findingOf, hintOf, isSame, usable } from "./finding.ts";
import type { Found, Place, Source, SourceStatus } from "./source.ts";

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
  /** The cgroup's; undefined where it cannot be told. */
  readonly id: number | undefined;
  readonly pids: Set<number>;
  looks: number;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether it has been told that it helps a function. */
  toldHelp: boolean;
  /** What it was when the last change could not be told; undefined where all has been. */
  untold: Found["what"] | undefined;
}

/** Whom discovery tells. */
export interface DiscoveryListener {
  /**
   * An instance is something else than before: its processes are to be looked at again.
   * @returns false where that was not possible: it is told again
   */
  changed(cgroup: string, pids: ReadonlySet<number>, wasPending: boolean): boolean;
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

  /** @param idOf tells a cgroup from a later one that is made under the same path */
  constructor(readonly sources: readonly Source[], readonly idOf: (cgroup: string) => CgroupId) {}

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
      if (this.#isAnother(known)) {
        this.#forget(path);
        continue;
      }
      if (known.found.fleeting) {
        // The first process of another instance, which is looked for as long as the one before it.
        if (!known.pids.has(place.pid)) known.looks = 0;
        break;
      }
      note(known, place.pid);
      this.#tellHelp(known);
      // Metadata that was known stays so until its source tells otherwise.
      if (known.found.what.kind !== "pending" && known.found.what.kind !== "unknown") {
        return findingOf(known.found);
      }
    }
    const found = this.#ask(place);
    if (!found) return { kind: "none", fleeting: false };
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
      [...this.#instances.values()].filter(({ found }) =>
        found.instance !== instance && containersOf(found.cgroup)[0]?.id === instance
      ).map(({ found }) => found.cgroup),
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
      const id = this.idOf(cgroup);
      const gone = id === undefined ? ![...instance.pids].some(isAlive) : id === "gone";
      if (gone || this.#isAnother(instance, id)) this.#forget(cgroup);
      else {
        this.#tellHelp(instance);
        if (instance.untold) this.#tellChange(instance, instance.untold);
      }
    }
  }

  /** Whether the instance's cgroup has been removed and made again. */
  #isAnother({ id, found }: Instance, now = this.idOf(found.cgroup)): boolean {
    return id !== undefined && typeof now === "number" && now !== id;
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
      const id = this.idOf(cgroup);
      instance = {
        found,
        id: typeof id === "number" ? id : undefined,
        pids: new Set([pid]),
        looks: 0,
        timer: undefined,
        toldHelp: false,
        untold: undefined,
      };
      this.#instances.set(cgroup, instance);
      const cgroups = this.#cgroupsOf.get(name) ?? new Set();
      this.#cgroupsOf.set(name, cgroups.add(cgroup));
      this.#tellHelpers(name);
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
    this.#tellHelpers(found.instance);
  }

  /** What helps a function does so only beside one: all of an instance's cgroups are looked at. */
  #tellHelpers(name: string): void {
    for (const cgroup of this.#cgroupsOf.get(name) ?? []) this.#tellHelp(this.#instances.get(cgroup)!);
  }

  #tellHelp(instance: Instance): void {
    const { found: { what, cgroup, instance: name }, toldHelp } = instance;
    if (what.kind !== "helper" && !toldHelp) return;
    const helps = what.kind === "helper" &&
      [...this.#cgroupsOf.get(name) ?? []].some((each) =>
        this.#instances.get(each)!.found.what.kind === "function"
      );
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
    if (!isSame(before.what, instance.found.what)) this.#tellChange(instance, before.what);
  }

  #tellChange(instance: Instance, before: Found["what"]): void {
    const { found: { cgroup }, pids } = instance;
    const told = this.#listener?.changed(cgroup, pids, before.kind === "pending") ?? true;
    instance.untold = told ? undefined : before;
  }

  #forget(cgroup: string): void {
    const instance = this.#instances.get(cgroup)!, name = instance.found.instance;
    clearTimeout(instance.timer);
    this.#instances.delete(cgroup);
    const cgroups = this.#cgroupsOf.get(name);
    cgroups?.delete(cgroup);
    if (cgroups?.size === 0) this.#cgroupsOf.delete(name);
    if (instance.toldHelp) this.#listener?.helps(cgroup, false);
    this.#tellHelpers(name);
    this.#listener?.gone(cgroup);
  }

  [Symbol.dispose](): void {
    this.#listener = undefined;
    clearInterval(this.#sweeping);
    for (const { timer } of this.#instances.values()) clearTimeout(timer);
    for (const source of this.sources) source[Symbol.dispose]();
  }
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
