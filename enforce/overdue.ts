/** Invocations that have waited too long: they go first, whatever their rank, until they have had some CPU time. */

import type { SlotTable } from "../observe/slots.ts";
import type { Entry } from "./stock_entry.ts";

/** CPU time that an invocation gets at most, and at least, for having waited too long. */
const MOST_RUN_NS = 10_000_000, LEAST_RUN_NS = 1_000_000;

/** What a task runs before the kernel lets the next one run, about: its slice, rounded up to a tick. */
const KERNEL_SLICE_NS = 4_000_000;

/** Times as long a round takes where processes that are no functions want CPUs too. */
const SHARED_WITH_OTHERS = 3;

/**
 * And where they are in several scheduling groups: one that has run more than its share, however small that was made, has to let the
 * others catch up once it weighs as much as they do (EEVDF).
 */
const SHARED_BY_GROUPS = 6;

/** Ranks of those that have waited too long, before all others, people's pins among them: the longest first. */
const OVERDUE_RANK = -1e20;

/** The lowest rank of one that has not waited too long. */
export const LOWEST_RANK = OVERDUE_RANK / 2;

export class Overdue {
  /** Those of the decision in progress. */
  readonly items: Entry[] = [];
  #aheadNs = 0;
  #runNs = 0;

  /**
   * @param maxWaitNs how long an invocation that wants a CPU may wait for one
   * @param lookNs how often every waiting one is looked at
   */
  constructor(
    readonly slots: Pick<SlotTable, "oldestWaitNs">,
    readonly maxWaitNs: number,
    readonly lookNs: number,
  ) {}

  /** Begins a decision, where so many tasks, in so many scheduling groups, want one of so many CPUs. */
  begin(runnable: number, cpus: number, groups = 1): void {
    this.items.length = 0;
    // How long it takes until everyone has had a slice. It is looked ahead until ranks are made anew and everyone overdue
    // may have had one before.
    const roundNs = runnable * KERNEL_SLICE_NS / cpus;
    const rounds = groups > 1 ? SHARED_BY_GROUPS : SHARED_WITH_OTHERS;
    this.#aheadNs = this.lookNs + Math.min(rounds * roundNs, this.maxWaitNs / 2);
    // All of them together get a small part of the CPU time; what counts is that each has had some.
    const shareNs = this.maxWaitNs * cpus / runnable;
    this.#runNs = Math.min(MOST_RUN_NS, Math.max(LEAST_RUN_NS, shareNs / 16));
  }

  /**
   * The rank of one that wants a CPU and goes first because one of its tasks has waited too long (the idle class lets it come to that where
   * many wait); undefined where it has not.
   */
  rank(entry: Entry, attainedNs: number, nowNs: number): number | undefined {
    const waitedNs = this.slots.oldestWaitNs(entry.slot, nowNs);
    if (waitedNs > 0 && waitedNs + this.#aheadNs >= this.maxWaitNs) {
      entry.overdueUntilNs = attainedNs + this.#runNs;
    } else if (attainedNs >= entry.overdueUntilNs) {
      entry.overdueUntilNs = 0;
      return undefined;
    }
    this.items.push(entry);
    return OVERDUE_RANK - waitedNs;
  }
}
