/** The functions that have been seen: a number for the kernel side, a name for people. */

import { createHash } from "node:crypto";
import { nameProblem } from "./names.ts";

/** One function. */
export interface FunctionInfo {
  readonly id: number;
  readonly name: string;
  /** The rule that named it. */
  readonly ruleId: string;
  /** Where it was found; `rule` where a rule named it. */
  readonly platform: string;
  /** What its platform calls it, where that has a name of its own for it; shown in place of the number. */
  readonly platformId: string | undefined;
  /** What told its name, for people: a label, a rule. */
  readonly foundBy: string;
  /** Where its processes were seen: paths in the cpu controller's hierarchy. */
  readonly cgroups: Set<string>;
  /** Finished invocations. */
  invocations: number;
  /** Of these, the warm ones of which several tasks wanted a CPU at once: probably several requests each. */
  overlapped: number;
  /** When something was last seen of it, in milliseconds of `performance.now()`. */
  lastSeenMs: number;
}

/** A function of which nothing was seen for so long is forgotten: 7 days, as in the learner. */
export const FORGET_AFTER_MS = 7 * 86_400_000;

/**
 * Where more functions are known than this, those of which nothing was seen for longest are forgotten: names come from
 * foreign processes, which can make up as many as they like.
 */
export const MOST_FUNCTIONS = 20_000;

/** So many stay then, so that it does not come to that again at once. */
const LEFT_FUNCTIONS = 16_000;

/** Most cgroups that are remembered per function: those seen last. */
const MAX_CGROUPS = 16;

/** Where a function that no rule names was found. */
export interface Origin {
  readonly platform: string;
  readonly id?: string | undefined;
  readonly foundBy: string;
}

/** The platform of functions that a rule names. */
export const RULED = "rule";

/** The id of rules where there is none. */
export const DISCOVERED = "discovery";

/** A function's id as people see it. */
export function shownId(
  { id, platformId }: Pick<FunctionInfo, "id"> & Partial<Pick<FunctionInfo, "platformId">>,
): string {
  return platformId ?? String(id);
}

/**
 * A name that tells a function from another one of its name. Where it would be too long for one, it is cut, and a hash of the
 * whole takes the place of what is missing.
 */
function besides(name: string, platform: string): string {
  const whole = `${name}@${platform}`;
  if (nameProblem(whole) === undefined) return whole;
  const hash = createHash("sha256").update(whole).digest("hex").slice(0, 16);
  // A character has four bytes at most.
  const short = [...name].slice(0, 48).join("");
  return `${short}~${hash}@${platform}`;
}

/** Names to numbers and back. Numbers start at 1 and are never used twice. */
export class FunctionTable {
  readonly #byId = new Map<number, FunctionInfo>();
  readonly #byName = new Map<string, FunctionInfo>();
  #lastId = 0;

  /**
   * @param onNew called once for each new function, before anything can refer to it
   * @param platformIds ids that people know functions by, by name, where a rule finds them
   */
  constructor(
    readonly onNew: (info: FunctionInfo) => void,
    readonly platformIds: ReadonlyMap<string, string> = new Map(),
  ) {}

  get size(): number {
    return this.#byId.size;
  }

  /**
   * A function that was discovered, made where there is none. Where another platform or a rule has one of that name,
   * both are told apart by `name@platform`.
   *
   * @param isTaken whether a rule has the name, even if nothing has matched it so far
   */
  discovered(name: string, origin: Origin, cgroup: string, isTaken = false): FunctionInfo {
    return this.#named(this.uniqueName(name, origin.platform, isTaken), DISCOVERED, cgroup, origin);
  }

  /** What a function is called that is found on this platform; see {@link discovered}. */
  uniqueName(name: string, platform: string, isTaken = false): string {
    const known = this.#byName.get(name);
    return (known ? known.platform !== platform : isTaken) ? besides(name, platform) : name;
  }

  /** The function of this name that a rule names, made where there is none; `name@rule` where it was discovered before. */
  named(name: string, ruleId: string, cgroup?: string): FunctionInfo {
    return this.#named(this.uniqueName(name, RULED), ruleId, cgroup);
  }

  #named(name: string, ruleId: string, cgroup?: string, origin?: Origin): FunctionInfo {
    let info = this.#byName.get(name);
    if (!info) {
      info = {
        id: this.#lastId + 1,
        name,
        ruleId,
        platform: origin?.platform ?? RULED,
        platformId: origin ? origin.id : this.platformIds.get(name),
        foundBy: origin?.foundBy ?? `rule ${ruleId}`,
        cgroups: new Set(),
        invocations: 0,
        overlapped: 0,
        lastSeenMs: 0,
      };
      this.onNew(info);
      this.#lastId = info.id;
      this.#byId.set(info.id, info);
      this.#byName.set(name, info);
    }
    info.lastSeenMs = performance.now();
    if (cgroup !== undefined && !info.cgroups.has(cgroup)) this.#seenIn(info, cgroup);
    return info;
  }

  #seenIn(info: FunctionInfo, cgroup: string): void {
    if (info.cgroups.size >= MAX_CGROUPS) info.cgroups.delete(info.cgroups.values().next().value!);
    info.cgroups.add(cgroup);
  }

  byId(id: number): FunctionInfo | undefined {
    return this.#byId.get(id);
  }

  byName(name: string): FunctionInfo | undefined {
    return this.#byName.get(name);
  }

  /**
   * Forgets those that have not been seen for {@link FORGET_AFTER_MS}, and, where there are more than
   * {@link MOST_FUNCTIONS}, those that have not been seen for longest.
   *
   * @param inUse functions that stay in any case
   * @returns those forgotten; their numbers will never be used again
   */
  forget(nowMs: number, inUse: (info: FunctionInfo) => boolean): FunctionInfo[] {
    const idle = [...this].filter((info) => !inUse(info)).sort((a, b) => a.lastSeenMs - b.lastSeenMs);
    const tooMany = this.size > MOST_FUNCTIONS ? this.size - LEFT_FUNCTIONS : 0;
    const gone = idle.filter(({ lastSeenMs }, index) =>
      index < tooMany || nowMs - lastSeenMs > FORGET_AFTER_MS
    );
    for (const { id, name } of gone) {
      this.#byId.delete(id);
      this.#byName.delete(name);
    }
    return gone;
  }

  [Symbol.iterator](): Iterator<FunctionInfo> {
    return this.#byId.values();
  }
}
