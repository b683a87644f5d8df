/** The backend for kernels with our patch of CFS: the order is made in the kernel, at every switch, as with sched_ext. */

import { type RankTaker, ScxEnforcer } from "./scx.ts";

export class CfsEnforcer extends ScxEnforcer<RankTaker> {
  override readonly name = "cfs";
  override readonly sliceEnforced = true;
  #trouble: string | undefined;

  /** Why functions are not in order although they should be; undefined where all is well. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Switches it on, where it is not: after `release`. Where that fails (another program has it), it is tried again with the next look. */
  override decide(): number {
    try {
      super.decide();
      this.#trouble = undefined;
    } catch (error) {
      this.#trouble = `cannot order functions inside CFS: ${error instanceof Error ? error.message : error}`;
    }
    return Infinity;
  }

  look(): void {
    this.decide();
  }
}
