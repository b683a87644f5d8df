/** The backend for kernels with our patch of CFS: the order is made in the kernel, at every switch, as with sched_ext. */

import { type RankTaker, ScxEnforcer } from "./scx.ts";

export class CfsEnforcer extends ScxEnforcer<RankTaker> {
  override readonly name = "cfs";
  override readonly sliceEnforced = true;

  /** Nothing but this agent ends it: it is off only where a person had it off, or it could not be switched on before. */
  look(): void {
    this.decide();
  }
}
