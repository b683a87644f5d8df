/** What the kernel side and the functions' table are told of the cgroups that discovery knows. */

import type { Cgroups } from "./cgroups.ts";
import { podOf } from "./discover/container_path.ts";
import type { FunctionTable } from "./functions.ts";
import type { Observer } from "./observer.ts";

/** Cgroups of instances, and of what helps them. */
export class Places {
  /** Cgroup of a discovered instance → its function. */
  readonly #functionIn = new Map<string, number>();
  /** Cgroups that only help functions, and their ids. */
  readonly #helpers = new Map<string, number>();
  /** Cgroups of functions that something was put into, and their ids. */
  readonly #entered = new Map<string, number>();

  constructor(
    readonly kernel: Pick<Observer, "setHelper">,
    readonly functions: FunctionTable,
    readonly cgroups: Cgroups,
  ) {}

  /** The function whose instance is in a cgroup; undefined where none was found. */
  functionIn(cgroup: string): number | undefined {
    return this.#functionIn.get(cgroup);
  }

  /** An instance of a function is in a cgroup. */
  taken(cgroup: string, functionId: number): void {
    const before = this.#functionIn.get(cgroup);
    if (before !== undefined && before !== functionId) this.functions.byId(before)?.cgroups.delete(cgroup);
    this.#functionIn.set(cgroup, functionId);
  }

  /** No function's instance is in a cgroup (any more). */
  left(cgroup: string): void {
    const functionId = this.#functionIn.get(cgroup), id = this.#entered.get(cgroup);
    if (functionId !== undefined) this.functions.byId(functionId)?.cgroups.delete(cgroup);
    this.#functionIn.delete(cgroup);
    this.#entered.delete(cgroup);
    if (id !== undefined && !this.#helpers.has(cgroup)) this.kernel.setHelper(id, undefined);
  }

  /** Something was put into a function's container: that is ordered as before, and what was put in is ordered with it. */
  entered(cgroup: string): void {
    if (this.#entered.has(cgroup)) return;
    const id = this.#tell(cgroup, podOf(cgroup)?.cgroup ?? cgroup);
    if (id !== undefined) this.#entered.set(cgroup, id);
  }

  /**
   * What helps a function does not keep its pod from being ordered; it is no function.
   *
   * @returns false where the cgroup is not there (yet)
   */
  helps(cgroup: string, helps: boolean): boolean {
    if (!helps) {
      const id = this.#helpers.get(cgroup);
      if (id !== undefined) this.kernel.setHelper(id, undefined);
      this.#helpers.delete(cgroup);
      return true;
    }
    const id = this.#tell(cgroup, podOf(cgroup)?.cgroup);
    if (id !== undefined) this.#helpers.set(cgroup, id);
    return id !== undefined;
  }

  /** Tells the kernel side up to where a cgroup's processes do not stand in the way; its id, undefined where that cannot be. */
  #tell(cgroup: string, around: string | undefined): number | undefined {
    const id = this.cgroups.idOf(cgroup), aroundId = around && this.cgroups.idOf(around);
    if (typeof id !== "number" || typeof aroundId !== "number") return undefined;
    this.kernel.setHelper(id, aroundId);
    return id;
  }
}
