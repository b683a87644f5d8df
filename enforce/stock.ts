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
import { LOWEST_RANK, Overdue } from "./overdue.ts";
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
  readonly #overdue: Overdue;
  /** Those that want a CPU and are normal, at the decision in progress. */
  readonly #normal: Entry[] = [];
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
    this.#selection = new Selection(cpus.length + 1);
    this.#fullNs = Math.min(FULL_NS, maxWaitNs / 8);
    this.#overdue = new Overdue(slots, maxWaitNs, this.#fullNs);
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
    const runnable = this.#look(nowNs, full);
    if (runnable <= this.#cpus.length) {
      this.counters.groupPromotions += this.#groups?.promoteAll() ?? 0;
      for (const entry of this.#entries.items) this.#promote(entry, nowNs);
      return Infinity;
    }
    this.#overdue.begin(runnable, this.#cpus.length);
    const bestWaiting = this.#choose(nowNs, full);
    this.#orderGroups(nowNs);
    for (const entry of this.#selection.items) this.#promote(entry, nowNs);
    for (const entry of this.#overdue.items) this.#promote(entry, nowNs);
    for (const entry of this.#normal) if (!entry.chosen) this.#demote(entry);
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
    this.#selection = new Selection(cpus.length + 1);
    this.#spreader.setCpus(cpus);
  }

  [Symbol.dispose](): void {
    this.release();
    this.#groups?.[Symbol.dispose]();
  }

  /** Reads what each invocation does now, once for the whole decision. Returns how many tasks want a CPU. */
  #look(nowNs: number, full: boolean): number {
    const { slots } = this;
    let runnable = 0;
    for (const entry of this.#entries.items) {
      entry.runnable = slots.runnable(entry.slot);
      runnable += entry.runnable;
      if (entry.promotedNs !== 0) this.#watchPromotion(entry);
      // Before any rank is made: of a function without a policy it depends on all of its invocations.
      if (full || entry.chosen) {
        this.#ranking.note(entry.invocation.functionId, slots.attainedNs(entry.slot, nowNs));
      }
    }
    return runnable;
  }

  /**
   * Marks the best: as many as there are CPUs, one that can use several CPUs counted as often; and those that have waited
   * too long. Ranks are made anew for those that run (and, from time to time, for all). Returns the best rank of the rest.
   */
  #choose(nowNs: number, full: boolean): number {
    const selection = this.#selection;
    selection.clear();
    this.#normal.length = 0;
    for (const entry of this.#entries.items) {
      const before = entry.chosen;
      if (before || full) this.#updateRank(entry, nowNs);
      entry.chosen = false;
      if (entry.runnable === 0) continue;
      if (!entry.demoted) this.#normal.push(entry);
      const lead = before && this.slots.running(entry.slot) > 0
        ? leadOf(entry.rank, entry.invocation.startNs)
        : 0;
      selection.offer(entry, entry.rank - lead);
    }
    let cpus = 0, count = 0;
    for (const entry of selection.items) {
      if (cpus >= this.#cpus.length) break;
      cpus += entry.runnable;
      entry.chosen = true;
      count++;
    }
    const bestWaiting = selection.items[count]?.rank ?? Infinity;
    selection.truncate(count);
    for (const entry of this.#overdue.items) entry.chosen = true;
    return bestWaiting;
  }

  #updateRank(entry: Entry, nowNs: number): void {
    const { functionId, startNs } = entry.invocation;
    const attainedNs = this.slots.attainedNs(entry.slot, nowNs);
    entry.rank = this.#overdue.rank(entry, attainedNs, nowNs) ??
      Math.max(LOWEST_RANK, this.#ranking.rank(functionId, attainedNs, startNs));
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
    for (const { chosen, runnable, group, invocation: { pid } } of this.#entries.items) {
      if (chosen) groups.chosen(group, pid);
      else if (runnable > 0) groups.waiting(group, pid);
      else groups.blocked(group, pid);
    }
    const { demotions, promotions } = groups.apply();
    this.counters.groupDemotions += demotions;
    this.counters.groupPromotions += promotions;
  }

  /** Reads the groups of all. Inside one group the attributes of tasks are enough. */
  #inSeveralGroups(): boolean {
    let several = false, first: number | undefined;
    for (const entry of this.#entries.items) {
      entry.group = this.slots.group(entry.slot);
      first ??= entry.group;
      several ||= entry.group !== first;
    }
    return several;
  }

  /** When a chosen one may have to give way to the best that waits: ranks rise with what is used. */
  #untilNextNs(bestWaiting: number, nowNs: number): number {
    if (this.#overdue.items.length > 0) return TICK_NS;
    let untilNs = this.#fullNs;
    for (const { slot, runnable, invocation: { functionId, startNs } } of this.#selection.items) {
      const attainedNs = this.slots.attainedNs(slot, nowNs);
      const tasks = Math.min(runnable, this.#cpus.length);
      const cpuNs = this.#ranking.untilAbove(functionId, attainedNs, startNs, bestWaiting);
      untilNs = Math.min(untilNs, cpuNs / tasks);
    }
    return Math.max(TICK_NS, untilNs);
  }

  #promote(entry: Entry, nowNs: number): void {
    if (!entry.demoted) return;
    entry.demoted = false;
    const waiting = this.slots.running(entry.slot) === 0 && this.slots.runnable(entry.slot) > 0;
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
    const onNs = this.slots.lastOnNs(entry.slot);
    if (onNs < entry.promotedNs) return;
    this.promotionLatency.add(onNs - entry.promotedNs);
    entry.promotedNs = 0;
  }
}
