/** The backend for kernels with our patch of CFS: the order is made in the kernel, at every switch, as with sched_ext. */

import { type RankTaker, ScxEnforcer } from "./scx.ts";

/** Without any invocation for so long, the kernel is not asked to rank tasks: that would cost each switch of the machine's own. */
const REST_AFTER_NS = 10e9;

/** What it needs of the hooks: those of {@link CfsScheduler}; replaced in tests. */
export interface Hooks extends RankTaker {
  /** Plain CFS, until `attach` puts the order in force again, which is soon done. */
  rest(): void;
}

export class CfsEnforcer extends ScxEnforcer<Hooks> {
  override readonly name = "cfs";
  override readonly sliceEnforced = true;
  #trouble: string | undefined;
  #rests = false;
  /** Since when nothing has been in progress; undefined while something is. */
  #idleSinceNs: number | undefined;

  /** Why functions are not in order although they should be; undefined where all is well. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  get awaitsStart(): boolean {
    return this.#rests;
  }

  override started(): void {
    this.#rests = false;
    this.#idleSinceNs = undefined;
  }

  /**
   * Switches it on, where it is not: after `release`, and with the first invocation after a rest. Where that fails (another
   * program has it), it is tried again with the next look.
   */
  override decide(): number {
    if (this.#rests) return Infinity;
    try {
      super.decide();
      this.#trouble = undefined;
    } catch (error) {
      this.#trouble = `cannot order functions inside CFS: ${error instanceof Error ? error.message : error}`;
    }
    return Infinity;
  }

  look(nowNs: number, active: number): void {
    if (active > 0) this.started();
    else if (nowNs - (this.#idleSinceNs ??= nowNs) >= REST_AFTER_NS && !this.#rests) {
      this.scheduler.rest();
      this.#rests = true;
    }
    this.decide();
  }

  override release(): void {
    super.release();
    this.started();
  }
}
