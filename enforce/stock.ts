/**
 * The backend for any kernel: of the invocations that want a CPU, those with the lowest ranks stay normal, as many as
 * there are CPUs; the rest go to the idle class. A new invocation starts normal, so that a short one never waits for us.
 * Where no more want a CPU than there are CPUs, nothing is done.
 */

import type { Libc, SchedAttr } from "../ffi/libc.ts";
import type { ActiveInvocation } from "../observe/active_set.ts";
import type { SlotTable } from "../observe/slots.ts";
import type { ChangeJournal } from "./change_journal.ts";
import { type Enforcer, type EnforcerCounters, newCounters, type Orders } from "./enforcer.ts";
import { LatencyLog } from "./latency_log.ts";
import { Mover, type Placed, planMoves } from "./placement.ts";
import { Ranking, remainingOf } from "./ranking.ts";
import { Selection } from "./selection.ts";
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

/** One invocation, as this backend keeps it. */
interface Entry {
  readonly invocation: ActiveInvocation;
  demoted: boolean;
  chosen: boolean;
  rank: number;
  /** Its attributes when it was first demoted: what its children inherit goes back to. */
  before: SchedAttr | undefined;
  /** When it was promoted while it was waiting, until it is seen on a CPU; 0 = no. */
  promotedNs: number;
  /** It goes first until it has attained this, because it has waited too long; 0 = no. */
  overdueUntilNs: number;
}

export interface StockOptions {
  readonly cpus: readonly number[];
  /** An invocation that wants a CPU gets one after this time at the latest, whatever its rank. */
  readonly maxWaitNs: number;
  /** Whether waiting chosen tasks are moved to CPUs without one. */
  readonly migrate?: boolean;
  /** What is changed is written there first. */
  readonly journal?: ChangeJournal;
}

export class StockEnforcer implements Enforcer {
  readonly name = "stock";
  readonly sliceEnforced = false;
  /** From promotion to running. */
  readonly promotionLatency = new LatencyLog();
  readonly #ranking = new Ranking();
  readonly #attributes: TaskAttributes;
  readonly #mover: Mover;
  /** Those that go first because they have waited too long, whatever there is room for. */
  readonly #overdue: Entry[] = [];
  readonly #fullNs: number;
  #cpus: readonly number[];
  #selection: Selection<Entry>;
  readonly #entries: Entry[] = [];
  readonly #indexOf = new Map<ActiveInvocation, number>();
  readonly counters: EnforcerCounters = newCounters();
  /**
   * What warm instances had before one of their invocations was demoted: a task that is made while the next one begins, but
   * before the instance is put back, inherits the idle class too.
   */
  readonly #before = new WeakMap<ReadonlySet<number>, SchedAttr>();
  #fullAtNs = 0;

  constructor(
    libc: Pick<Libc, "getAttr" | "setAttr" | "getAffinity" | "setAffinity">,
    readonly slots: Pick<
      SlotTable,
      "attainedNs" | "cpu" | "lastOnNs" | "lastTid" | "oldestWaitNs" | "runnable" | "running"
    >,
    readonly options: StockOptions,
  ) {
    this.#attributes = new TaskAttributes(libc, this.counters.errors, options.journal);
    this.#mover = new Mover(libc, options.cpus, options.journal);
    this.#cpus = options.cpus;
    this.#selection = new Selection(options.cpus.length);
    this.#fullNs = Math.min(FULL_NS, options.maxWaitNs / 8);
  }

  setOrders(orders: Orders): void {
    this.#ranking.setOrders(orders);
    this.#fullAtNs = 0;
  }

  started(invocation: ActiveInvocation): void {
    const entry: Entry = {
      invocation,
      demoted: false,
      chosen: true, // so that its rank is made at the next decision
      rank: 0,
      before: this.#before.get(invocation.tids),
      promotedNs: 0,
      overdueUntilNs: 0,
    };
    this.#indexOf.set(invocation, this.#entries.push(entry) - 1);
  }

  taskStarted(invocation: ActiveInvocation, tid: number): void {
    const entry = this.#entryOf(invocation);
    // Never demoted: whatever class the new task has, it does not come from us.
    if (entry?.before) this.#attributes.adopt(tid, entry.demoted, entry.before);
  }

  taskEnded(_invocation: ActiveInvocation, tid: number): void {
    this.#attributes.left(tid);
  }

  ended(invocation: ActiveInvocation, cpuNs: number | undefined): void {
    for (const tid of invocation.tids) this.#attributes.left(tid);
    const at = this.#indexOf.get(invocation);
    if (at === undefined) return;
    this.#indexOf.delete(invocation);
    const last = this.#entries.pop()!;
    if (last.invocation !== invocation) {
      this.#entries[at] = last;
      this.#indexOf.set(last.invocation, at);
    }
    if (cpuNs !== undefined) this.#ranking.learn(invocation.functionId, cpuNs);
  }

  paused(invocation: ActiveInvocation, cpuNs: number | undefined): void {
    const entry = this.#entryOf(invocation);
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
      for (const entry of this.#entries) this.#promote(entry, nowNs);
      return Infinity;
    }
    this.#choose();
    for (const entry of this.#selection.items) this.#promote(entry, nowNs);
    for (const entry of this.#overdue) this.#promote(entry, nowNs);
    let bestWaiting = Infinity;
    for (const entry of this.#entries) {
      if (entry.chosen || this.slots.runnable(entry.invocation.slot) === 0) continue;
      if (!entry.demoted) this.#demote(entry);
      if (entry.rank < bestWaiting) bestWaiting = entry.rank;
    }
    if (this.options.migrate !== false) this.#spread();
    return this.#untilNextNs(bestWaiting, nowNs);
  }

  release(): void {
    this.#attributes.restoreAll();
    for (const entry of this.#entries) entry.demoted = false;
    this.#fullAtNs = 0;
  }

  setCpus(cpus: readonly number[]): void {
    this.#cpus = cpus;
    this.#selection = new Selection(cpus.length);
    this.#mover.setCpus(cpus);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  #entryOf(invocation: ActiveInvocation): Entry | undefined {
    const at = this.#indexOf.get(invocation);
    return at === undefined ? undefined : this.#entries[at];
  }

  /** Ranks of those that run (and, from time to time, of all). Returns how many tasks want a CPU. */
  #updateRanks(nowNs: number, full: boolean): number {
    let runnable = 0;
    for (const entry of this.#entries) {
      const { slot, functionId } = entry.invocation;
      runnable += this.slots.runnable(slot);
      if (entry.promotedNs !== 0) this.#watchPromotion(entry);
      if (entry.chosen || full) this.#ranking.note(functionId, this.slots.attainedNs(slot, nowNs));
    }
    const shareNs = this.options.maxWaitNs * this.#cpus.length / runnable;
    const roundNs = runnable * KERNEL_SLICE_NS / this.#cpus.length;
    this.#overdue.length = 0;
    for (const entry of this.#entries) {
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
    for (const entry of this.#entries) {
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

  #spread(): void {
    if (!this.#chosenCollide()) return;
    const placed: Placed[] = this.#selection.items.map(({ invocation: { slot } }) => ({
      tid: this.slots.lastTid(slot),
      cpu: this.slots.cpu(slot),
      running: this.slots.running(slot) > 0,
    }));
    for (const move of planMoves(placed, this.#cpus)) {
      if (this.#mover.move(move)) this.counters.migrations++;
    }
  }

  /** Whether two chosen ones are on one CPU: rarely, so that no plan needs to be made. */
  #chosenCollide(): boolean {
    const { items } = this.#selection;
    for (let i = 1; i < items.length; i++) {
      const cpu = this.slots.cpu(items[i]!.invocation.slot);
      for (let j = 0; j < i; j++) if (this.slots.cpu(items[j]!.invocation.slot) === cpu) return true;
    }
    return false;
  }
}
