/**
 * The backend for kernels with sched_ext: the order is made in the kernel, at every switch. This side hands over ranks, and
 * puts the scheduler in force and out of it.
 */

import type { ActiveInvocation } from "../observe/active_set.ts";
import { type Enforcer, type EnforcerCounters, newCounters, type Orders } from "./enforcer.ts";
import type { KernelRank } from "./scx_ranks.ts";
import type { ScxScheduler } from "./scx_scheduler.ts";

/** What it needs of the scheduler; replaced in tests. */
export type Scheduler = Pick<
  ScxScheduler,
  "attach" | "detach" | "inForce" | "ended" | "figures" | "setRank" | "deleteRank" | "setPrior" | "reorder"
>;

export class ScxEnforcer implements Enforcer {
  readonly name = "scx";
  /** The kernel compares whoever runs with those that wait at every tick, which is sooner than any slice ends. */
  readonly sliceEnforced = false;
  readonly reactsToEvents = false;
  readonly counters: EnforcerCounters = newCounters();
  readonly #known = new Map<number, KernelRank>();
  #pinned = new Map<number, number>();

  /** @param scheduler closed by whoever made it */
  constructor(readonly scheduler: Scheduler) {}

  setOrders({ changed, removed, pinned, prior }: Orders): void {
    const touched = new Set([...removed, ...this.#pinned.keys()]);
    this.#pinned = new Map(pinned);
    for (const id of removed) this.#known.delete(id);
    for (const { functionId, table, tailSlope } of changed) {
      this.#known.set(functionId, { table: { table, tailSlope } });
      touched.add(functionId);
    }
    for (const id of this.#pinned.keys()) touched.add(id);
    for (const id of touched) this.#hand(id);
    this.scheduler.setPrior(prior && { table: prior });
    this.scheduler.reorder();
  }

  /** Hands a function's rank over, as it is now. */
  #hand(id: number): void {
    const known = this.#known.get(id), pinnedNs = this.#pinned.get(id);
    if (known === undefined && pinnedNs === undefined) this.scheduler.deleteRank(id);
    else this.scheduler.setRank(id, { ...known, pinnedNs });
  }

  started(_invocation: ActiveInvocation): void {}
  taskStarted(): void {}
  taskEnded(): void {}
  awaitsLock(): void {}
  ended(): void {}
  paused(): void {}

  /** Puts the scheduler in force, where it is not: after `release`. */
  decide(): number {
    this.counters.decisions++;
    if (!this.scheduler.inForce) this.scheduler.attach();
    return Infinity;
  }

  /** The scheduler sees for itself which CPUs there are. */
  setCpus(): void {}

  release(): void {
    this.scheduler.detach();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
