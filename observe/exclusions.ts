/** Processes that are left alone whatever the rules say: they are neither measured nor ordered. */

import { compileGlob } from "./glob.ts";
import type { ProcessIdentity } from "./identity.ts";
import { compilePattern } from "./patterns.ts";

/** What is excluded, as it was written. */
export interface ExclusionSpec {
  /** Globs on a cgroup's path, as in a rule of kind `cgroup`: descendants belong. */
  readonly cgroups: readonly string[];
  /** User ids: a process counts by its effective one when its program starts. */
  readonly users: readonly number[];
  /** Globs on a function's name. */
  readonly functions: readonly string[];
}

/** Nothing is excluded. */
export const NO_EXCLUSIONS: ExclusionSpec = { cgroups: [], users: [], functions: [] };

/** What is excluded, compiled. */
export class Exclusions {
  readonly #cgroups: ((identity: ProcessIdentity) => boolean)[];
  readonly #users: ReadonlySet<number>;
  readonly #functions: ((name: string) => boolean)[];

  /** @throws {PatternError} where a glob is none */
  constructor(spec: ExclusionSpec) {
    this.#cgroups = spec.cgroups.map((glob) => {
      const pattern = compilePattern("cgroup", glob);
      return (identity) => pattern.match(identity) !== undefined;
    });
    this.#users = new Set(spec.users);
    this.#functions = spec.functions.map((glob) => {
      const pattern = compileGlob(glob);
      return (name) => pattern.match(name) !== undefined;
    });
  }

  /** Whether the verdict on a process depends on its cgroups. */
  get byCgroup(): boolean {
    return this.#cgroups.length > 0;
  }

  /** Whether the verdict on a process depends on its user. */
  get byUser(): boolean {
    return this.#users.size > 0;
  }

  /** Whether a process is excluded, whatever function's it is. */
  coversProcess(identity: ProcessIdentity): boolean {
    return (identity.uid !== undefined && this.#users.has(identity.uid)) ||
      this.#cgroups.some((covers) => covers(identity));
  }

  /** Whether the processes of a function are excluded. */
  coversFunction(name: string): boolean {
    return this.#functions.some((covers) => covers(name));
  }
}
