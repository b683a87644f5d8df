/**
 * The backend for kernels with sched_ext: the order is made in the kernel, at every switch. This side hands over ranks, and
 * puts the scheduler in force and out of it.
 */

import type { ActiveInvocation } from "../observe/active_set.ts";
import { type Enforcer, type EnforcerCounters, newCounters, type Orders } from "./enforcer.ts";
import type { KernelRank } from "./scx_ranks.ts";
import type { ScxScheduler } from "./scx_scheduler.ts";

/** What orders in the kernel by ranks: the scheduler, or what is in its place with the backend cfs; replaced in tests. */
export type RankTaker = Pick<
  ScxScheduler,
  "attach" | "detach" | "inForce" | "setRank" | "deleteRank" | "setPrior" | "reorder"
>;

/** What it needs of the scheduler; replaced in tests. */
export type Scheduler = RankTaker & Pick<ScxScheduler, "ended" | "figures">;

export class ScxEnforcer<Taker extends RankTaker = Scheduler> implements Enforcer {
  readonly name: "scx" | "cfs" = "scx";
  /** The kernel compares whoever runs with those that wait at every tick, which is sooner than any slice ends. */
  readonly sliceEnforced: boolean = false;
  readonly reactsToEvents = false;
  readonly counters: EnforcerCounters = newCounters();
  readonly #known = new Map<number, KernelRank>();
  #pinned = new Map<number, number>();
  #slices = new Map<number, number>();

  /** @param scheduler closed by whoever made it */
  constructor(readonly scheduler: Taker) {}

  setOrders({ changed, removed, pinned, pinnedSlices, prior }: Orders): void {
    const touched = new Set([...removed, ...this.#pinned.keys(), ...this.#slices.keys()]);
    this.#pinned = new Map(pinned);
    this.#slices = new Map(pinnedSlices ?? []);
    for (const id of removed) this.#known.delete(id);
    for (const { functionId, sliceNs, table, tailSlope } of changed) {
      this.#known.set(functionId, { table: { table, tailSlope }, sliceNs });
      touched.add(functionId);
    }
    for (const id of [...this.#pinned.keys(), ...this.#slices.keys()]) touched.add(id);
    for (const id of touched) this.#hand(id);
    this.scheduler.setPrior(prior && { table: prior });
    this.scheduler.reorder();
  }

  /** Hands a function's rank over, as it is now. */
  #hand(id: number): void {
    const known = this.#known.get(id), pinnedNs = this.#pinned.get(id), sliceNs = this.#slices.get(id);
    const nothing = known === undefined && pinnedNs === undefined && sliceNs === undefined;
    if (nothing) this.scheduler.deleteRank(id);
    else this.scheduler.setRank(id, { ...known, ...(sliceNs !== undefined && { sliceNs }), pinnedNs });
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
