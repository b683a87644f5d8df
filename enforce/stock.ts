/**
 * The backend for any kernel: of the invocations that want a CPU, those with the lowest ranks stay normal, as many as
 * there are CPUs; the rest go to the idle class. A new invocation starts normal, so that a short one never waits for us.
 * Where no more want a CPU than there are CPUs, nothing is done.
 */

import type { Libc, SchedAttr } from "../ffi/libc.ts";
import type { ActiveInvocation } from "../observe/active_set.ts";
import type { SlotTable } from "../observe/slots.ts";
import { type ChangeJournal, NO_JOURNAL } from "./change_journal.ts";
import { type Enforcer, type EnforcerCounters, newCounters, type Orders } from "./enforcer.ts";
import type { GroupMachine } from "./group_machine.ts";
import { Groups, type Note } from "./groups.ts";
import { LatencyLog } from "./latency_log.ts";
import { Ranking, remainingOf } from "./ranking.ts";
import { Selection } from "./selection.ts";
import { Spreader } from "./spread.ts";
import { Entries, type Entry } from "./stock_entry.ts";
import { TaskAttributes } from "./task_attributes.ts";

/** Least time until a running invocation's rank is looked at again: where two ranks rise past each other in turn. */
const TICK_NS = 4_000_000;

/**
 * By how much another must be better to take a running one's place: a tenth of what is left, at most 5 ms. A switch costs
 * both sides a millisecond or so, and ranks that rise past each other in turn would have it at every look.
 */
function leadOf(rank: number, startNs: number): number {
  return Math.min(5_000_000, Math.max(0, remainingOf(rank, startNs) / 10));
}
/** How often all ranks are made anew: demoted invocations hardly run, so theirs hardly change. */
const FULL_NS = 100_000_000;

/** CPU time that an invocation gets at most, and at least, for having waited too long. */
const OVERDUE_RUN_NS = 10_000_000, LEAST_OVERDUE_RUN_NS = 1_000_000;

/** What a task runs before the kernel lets the next one run, about: its slice, rounded up to a tick. */
const KERNEL_SLICE_NS = 4_000_000;

/** Times as long a round takes where processes that are no functions want CPUs too. */
const SHARED_WITH_OTHERS = 3;

/** Ranks of those that have waited too long, before all others, people's pins among them: the longest first. */
const OVERDUE_RANK = -1e20;

export interface StockOptions {
  readonly cpus: readonly number[];
  /** An invocation that wants a CPU gets one after this time at the latest, whatever its rank. */
  readonly maxWaitNs: number;
  /** Whether waiting chosen tasks are moved to CPUs without one. */
  readonly migrate?: boolean;
  /** The machine's scheduling groups; left out, invocations in different ones are not ordered against each other. */
  readonly groups?: { machine: GroupMachine; note: Note; clock: () => number };
  /** Where changes are written down before they are made. */
  readonly journal?: ChangeJournal;
}

/** What is read of an invocation's slot. */
type Slots = Pick<
  SlotTable,
  "attainedNs" | "cpu" | "group" | "lastOnNs" | "lastTid" | "oldestWaitNs" | "runnable" | "running"
>;

export class StockEnforcer implements Enforcer {
  readonly name = "stock";
  readonly sliceEnforced = false;
  /** From promotion to running. */
  readonly promotionLatency = new LatencyLog();
  readonly #ranking = new Ranking();
  readonly #attributes: TaskAttributes;
  readonly #spreader: Spreader;
  /** Those that go first because they have waited too long, whatever there is room for. */
  readonly #overdue: Entry[] = [];
  readonly #fullNs: number;
  #cpus: readonly number[];
  #selection: Selection<Entry>;
  readonly #entries = new Entries();
  readonly #groups: Groups | undefined;
  readonly counters: EnforcerCounters = newCounters();
  /**
   * What warm instances had before one of their invocations was demoted: a task that is made while the next one begins, but
   * before the instance is put back, inherits the idle class too.
   */
  readonly #before = new WeakMap<ReadonlySet<number>, SchedAttr>();
  #fullAtNs = 0;

  constructor(
    libc: Pick<Libc, "getAttr" | "setAttr" | "getAffinity" | "setAffinity">,
    readonly slots: Slots,
    readonly options: StockOptions,
  ) {
    const { cpus, maxWaitNs, groups, journal = NO_JOURNAL } = options;
    this.#attributes = new TaskAttributes(libc, this.counters.errors, journal);
    this.#spreader = new Spreader(libc, slots, cpus, journal);
    this.#cpus = cpus;
    this.#selection = new Selection(cpus.length);
    this.#fullNs = Math.min(FULL_NS, maxWaitNs / 8);
    if (groups) {
      this.#groups = new Groups(groups.machine, journal, this.counters.errors, groups.note, groups.clock);
    }
  }

  setOrders(orders: Orders): void {
    this.#ranking.setOrders(orders);
    this.#fullAtNs = 0;
  }

  started(invocation: ActiveInvocation): void {
    this.#entries.add(invocation, this.#before.get(invocation.tids));
  }

  taskStarted(invocation: ActiveInvocation, tid: number): void {
    const entry = this.#entries.of(invocation);
    // Never demoted: whatever class the new task has, it does not come from us.
    if (entry?.before) this.#attributes.adopt(tid, entry.demoted, entry.before);
  }

  taskEnded(_invocation: ActiveInvocation, tid: number): void {
    this.#attributes.left(tid);
  }

  ended(invocation: ActiveInvocation, cpuNs: number | undefined): void {
    for (const tid of invocation.tids) this.#attributes.left(tid);
    if (!this.#entries.remove(invocation)) return;
    // Nothing is decided before the next one comes, and that is to find its group as it was.
    if (this.#entries.items.length === 0) this.#groups?.promoteAll();
    if (cpuNs !== undefined) this.#ranking.learn(invocation.functionId, cpuNs);
  }

  paused(invocation: ActiveInvocation, cpuNs: number | undefined): void {
    const entry = this.#entries.of(invocation);
    if (entry?.before) this.#before.set(invocation.tids, entry.before);
    if (entry) this.#promote(entry, 0); // it is asleep: nothing to be watched
    this.ended(invocation, cpuNs);
  }

  decide(nowNs: number): number {
    this.counters.decisions++;
    const full = nowNs >= this.#fullAtNs;
    if (full) this.#fullAtNs = nowNs + this.#fullNs;
    const runnable = this.#updateRanks(nowNs, full);
    if (runnable <= this.#cpus.length) {
      this.counters.groupPromotions += this.#groups?.promoteAll() ?? 0;
      for (const entry of this.#entries.items) this.#promote(entry, nowNs);
      return Infinity;
    }
    this.#choose();
    this.#orderGroups(nowNs);
    for (const entry of this.#selection.items) this.#promote(entry, nowNs);
    for (const entry of this.#overdue) this.#promote(entry, nowNs);
    let bestWaiting = Infinity;
    for (const entry of this.#entries.items) {
      if (entry.chosen || this.slots.runnable(entry.invocation.slot) === 0) continue;
      if (!entry.demoted) this.#demote(entry);
      if (entry.rank < bestWaiting) bestWaiting = entry.rank;
    }
    if (this.options.migrate !== false) {
      this.counters.migrations += this.#spreader.spread(this.#selection.items);
    }
    return this.#untilNextNs(bestWaiting, nowNs);
  }

  release(): void {
    this.#groups?.promoteAll();
    this.#attributes.restoreAll();
    for (const entry of this.#entries.items) entry.demoted = false;
    this.#fullAtNs = 0;
  }

  setCpus(cpus: readonly number[]): void {
    this.#cpus = cpus;
    this.#selection = new Selection(cpus.length);
    this.#spreader.setCpus(cpus);
  }

  [Symbol.dispose](): void {
    this.release();
    this.#groups?.[Symbol.dispose]();
  }

  /** Ranks of those that run (and, from time to time, of all). Returns how many tasks want a CPU. */
  #updateRanks(nowNs: number, full: boolean): number {
    let runnable = 0;
    for (const entry of this.#entries.items) {
      const { slot, functionId } = entry.invocation;
      runnable += this.slots.runnable(slot);
      if (entry.promotedNs !== 0) this.#watchPromotion(entry);
      if (entry.chosen || full) this.#ranking.note(functionId, this.slots.attainedNs(slot, nowNs));
    }
    const shareNs = this.options.maxWaitNs * this.#cpus.length / runnable;
    const roundNs = runnable * KERNEL_SLICE_NS / this.#cpus.length;
    this.#overdue.length = 0;
    for (const entry of this.#entries.items) {
      if (!entry.chosen && !full) continue;
      const { slot, functionId, startNs } = entry.invocation;
      const attainedNs = this.slots.attainedNs(slot, nowNs);
      const overdueNs = this.#overdueNs(entry, attainedNs, nowNs, roundNs, shareNs);
      entry.rank = overdueNs === undefined
        ? Math.max(OVERDUE_RANK / 2, this.#ranking.rank(functionId, attainedNs, startNs))
        : OVERDUE_RANK - overdueNs;
      if (overdueNs !== undefined) this.#overdue.push(entry);
    }
    return runnable;
  }

  /**
   * How long one of its tasks has waited, where it goes first for that: the idle class lets it come to that where many
   * wait. It looks ahead until ranks are made anew and everyone overdue may have had a slice before.
   * @param roundNs how long it takes until everyone has had a slice
   * @param shareNs what everyone can have within the longest wait
   */
  #overdueNs(
    entry: Entry,
    attainedNs: number,
    nowNs: number,
    roundNs: number,
    shareNs: number,
  ): number | undefined {
    const { slot } = entry.invocation, { maxWaitNs } = this.options;
    const waitedNs = this.slots.oldestWaitNs(slot, nowNs);
    const aheadNs = this.#fullNs + Math.min(SHARED_WITH_OTHERS * roundNs, maxWaitNs / 2);
    if (waitedNs > 0 && waitedNs + aheadNs >= maxWaitNs) {
      // All of them together get a small part of the CPU time; what counts is that each has had some.
      entry.overdueUntilNs = attainedNs +
        Math.min(OVERDUE_RUN_NS, Math.max(LEAST_OVERDUE_RUN_NS, shareNs / 16));
      return waitedNs;
    }
    if (attainedNs < entry.overdueUntilNs && this.slots.runnable(slot) > 0) return waitedNs;
    entry.overdueUntilNs = 0;
    return undefined;
  }

  /** Marks the best: as many as there are CPUs, one that can use several CPUs counted as often. */
  #choose(): void {
    const selection = this.#selection;
    selection.clear();
    for (const entry of this.#entries.items) {
      const { slot, startNs } = entry.invocation;
      const lead = entry.chosen && this.slots.running(slot) > 0 ? leadOf(entry.rank, startNs) : 0;
      entry.chosen = false;
      if (this.slots.runnable(slot) > 0) selection.offer(entry, entry.rank - lead);
    }
    let cpus = 0, count = 0;
    for (const entry of selection.items) {
      if (cpus >= this.#cpus.length) break;
      cpus += this.slots.runnable(entry.invocation.slot);
      entry.chosen = true;
      count++;
    }
    selection.truncate(count);
    for (const entry of this.#overdue) entry.chosen = true;
  }

  /** Before the tasks: what a promoted task's group weighs counts when the kernel looks whether it may run at once. */
  #orderGroups(nowNs: number): void {
    const groups = this.#groups;
    if (!groups) return;
    if (!this.#inSeveralGroups()) {
      this.counters.groupPromotions += groups.promoteAll();
      return;
    }
    groups.begin(nowNs);
    for (const { chosen, invocation: { slot, pid } } of this.#entries.items) {
      const key = this.slots.group(slot);
      if (chosen) groups.chosen(key, pid);
      else if (this.slots.runnable(slot) > 0) groups.waiting(key, pid);
      else groups.blocked(key, pid);
    }
    const { demotions, promotions } = groups.apply();
    this.counters.groupDemotions += demotions;
    this.counters.groupPromotions += promotions;
  }

  /** Inside one group the attributes of tasks are enough. */
  #inSeveralGroups(): boolean {
    const { items } = this.#entries;
    if (items.length === 0) return false;
    const key = this.slots.group(items[0]!.invocation.slot);
    return items.some(({ invocation: { slot } }) => this.slots.group(slot) !== key);
  }

  /** When a chosen one may have to give way to the best that waits: ranks rise with what is used. */
  #untilNextNs(bestWaiting: number, nowNs: number): number {
    if (this.#overdue.length > 0) return TICK_NS;
    let untilNs = this.#fullNs;
    for (const { invocation: { slot, functionId, startNs } } of this.#selection.items) {
      const attainedNs = this.slots.attainedNs(slot, nowNs);
      const tasks = Math.max(1, Math.min(this.slots.runnable(slot), this.#cpus.length));
      const cpuNs = this.#ranking.untilAbove(functionId, attainedNs, startNs, bestWaiting);
      untilNs = Math.min(untilNs, cpuNs / tasks);
    }
    return Math.max(TICK_NS, untilNs);
  }

  #promote(entry: Entry, nowNs: number): void {
    if (!entry.demoted) return;
    entry.demoted = false;
    const waiting = this.slots.running(entry.invocation.slot) === 0 &&
      this.slots.runnable(entry.invocation.slot) > 0;
    let changed = false;
    for (const tid of entry.invocation.tids) changed = this.#attributes.promote(tid) || changed;
    if (!changed) return;
    this.counters.promotions++;
    if (waiting) entry.promotedNs = nowNs;
  }

  #demote(entry: Entry): void {
    entry.demoted = true;
    entry.promotedNs = 0;
    let changed = false;
    for (const tid of entry.invocation.tids) {
      changed = this.#attributes.demote(tid) || changed;
      entry.before ??= this.#attributes.before(tid);
    }
    if (changed) this.counters.demotions++;
  }

  #watchPromotion(entry: Entry): void {
    const onNs = this.slots.lastOnNs(entry.invocation.slot);
    if (onNs < entry.promotedNs) return;
    this.promotionLatency.add(onNs - entry.promotedNs);
    entry.promotedNs = 0;
  }
}
