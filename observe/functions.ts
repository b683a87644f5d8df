/** The functions that have been seen: a number for the kernel side, a name for people. */

/** One function. */
export interface FunctionInfo {
  readonly id: number;
  readonly name: string;
  /** The rule that named it. */
  readonly ruleId: string;
  readonly platform: string;
  /** Where its processes were seen: paths in the cpu controller's hierarchy. */
  readonly cgroups: Set<string>;
  /** Finished invocations. */
  invocations: number;
  /** Of these, the warm ones of which several tasks wanted a CPU at once: probably several requests each. */
  overlapped: number;
}

/** Most cgroups that are remembered per function. */
const MAX_CGROUPS = 16;

/** Names to numbers and back. Numbers start at 1 and are never used twice. */
export class FunctionTable {
  readonly #byId = new Map<number, FunctionInfo>();
  readonly #byName = new Map<string, FunctionInfo>();

  /** @param onNew called once for each new function, before anything can refer to it */
  constructor(readonly onNew: (info: FunctionInfo) => void) {}

  get size(): number {
    return this.#byId.size;
  }

  /** The function of this name, made where there is none. */
  named(name: string, ruleId: string, cgroup?: string): FunctionInfo {
    let info = this.#byName.get(name);
    if (!info) {
      const id = this.#byId.size + 1;
      info = { id, name, ruleId, platform: "rule", cgroups: new Set(), invocations: 0, overlapped: 0 };
      this.onNew(info);
      this.#byId.set(info.id, info);
      this.#byName.set(name, info);
    }
    if (cgroup !== undefined && info.cgroups.size < MAX_CGROUPS) info.cgroups.add(cgroup);
    return info;
  }

  byId(id: number): FunctionInfo | undefined {
    return this.#byId.get(id);
  }

  byName(name: string): FunctionInfo | undefined {
    return this.#byName.get(name);
  }

  [Symbol.iterator](): Iterator<FunctionInfo> {
    return this.#byId.values();
  }
}
