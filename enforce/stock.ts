/**
 * The backend for any kernel: of the invocations that want a CPU, those with the lowest ranks stay normal, as many as
 * there are CPUs; the rest go to the idle class. A new invocation starts normal, so that a short one never waits for us.
 * Where no more want a CPU than there are CPUs, nothing is done.
 */

import type { Libc, SchedAttr } from "../ffi/libc.ts";
import type { ActiveInvocation } from "../observe/active_set.ts";
import type { SlotTable } from "../observe/slots.ts";
import { type ChangeJournal, NO_JOURNAL } from "./change_journal.ts";
import { Choice } from "./choice.ts";
import { CpuLimits } from "./cpu_limits.ts";
import { type Enforcer, type EnforcerCounters, newCounters, type Orders } from "./enforcer.ts";
import type { GroupMachine } from "./group_machine.ts";
import { Groups, type Note } from "./groups.ts";
import { LatencyLog } from "./latency_log.ts";
import { Ranking } from "./ranking.ts";
import { Spreader } from "./spread.ts";
import type { Entry } from "./stock_entry.ts";
import { TaskAttributes } from "./task_attributes.ts";

/** Least time until a running invocation's rank is looked at again: where two ranks rise past each other in turn. */
const TICK_NS = 4_000_000;

/** How often all ranks are made anew: demoted invocations hardly run, so theirs hardly change. */
const FULL_NS = 100_000_000;

/**
 * The kernel side tells of one invocation's falling asleep and waking up once in so long (kick_interval_ns in bpf/observe_maps.h).
 * One that sleeps for less, and with which CPUs were short before it slept, wakes up untold: it is looked for after this.
 */
const UNTOLD_NS = 1_000_000;

export interface StockOptions {
  readonly cpus: readonly number[];
  /** An invocation that wants a CPU gets one after this time at the latest, whatever its rank. */
  readonly maxWaitNs: number;
  /** Whether waiting chosen tasks are moved to CPUs without one. */
  readonly migrate?: boolean;
  /** The machine's scheduling groups; left out, invocations in different ones are not ordered against each other. */
  readonly groups?: { machine: GroupMachine; note: Note; clock: () => number };
  /** Whose CPU limit is reached; left out, the machine's are looked at. */
  readonly limits?: Pick<CpuLimits, "begin" | "hold">;
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
  readonly reactsToEvents = true;
  /** From promotion to running. */
  readonly promotionLatency = new LatencyLog();
  readonly #ranking = new Ranking();
  readonly #attributes: TaskAttributes;
  readonly #spreader: Spreader;
  readonly #choice: Choice;
  readonly #fullNs: number;
  #cpus: readonly number[];
  readonly #groups: Groups | undefined;
  readonly counters: EnforcerCounters = newCounters();
  /**
   * What warm instances had before one of their invocations was demoted: a task that is made while the next one begins, but
   * before the instance is put back, inherits the idle class too.
   */
  readonly #before = new WeakMap<ReadonlySet<number>, SchedAttr>();
  #fullAtNs = 0;
  /** Whether CPUs were, by the last decision. */
  #wereShort = false;

  constructor(
    libc: Pick<Libc, "getAttr" | "setAttr" | "getAffinity" | "setAffinity">,
    readonly slots: Slots,
    readonly options: StockOptions,
  ) {
    const { cpus, maxWaitNs, groups, journal = NO_JOURNAL, limits = new CpuLimits() } = options;
    this.#attributes = new TaskAttributes(libc, this.counters.errors, journal);
    this.#spreader = new Spreader(libc, slots, cpus, journal);
    this.#cpus = cpus;
    this.#fullNs = Math.min(FULL_NS, maxWaitNs / 8);
    this.#choice = new Choice(slots, this.#ranking, cpus.length, maxWaitNs, this.#fullNs, limits);
    if (groups) {
      this.#groups = new Groups(groups.machine, journal, this.counters.errors, groups.note, groups.clock);
    }
  }

  setOrders(orders: Orders): void {
    this.#ranking.setOrders(orders);
    this.#fullAtNs = 0;
  }

  started(invocation: ActiveInvocation): void {
    this.#choice.add(invocation, this.#before.get(invocation.tids));
  }

  taskStarted(invocation: ActiveInvocation, tid: number): void {
    const entry = this.#choice.entries.of(invocation);
    // Never demoted: whatever class the new task has, it does not come from us.
    if (entry?.before) this.#attributes.adopt(tid, entry.demoted, entry.before);
  }

  taskEnded(_invocation: ActiveInvocation, tid: number): void {
    this.#attributes.left(tid);
  }

  awaitsLock(invocation: ActiveInvocation): void {
    if (this.#choice.spare(invocation)) this.counters.spared++;
  }

  ended(invocation: ActiveInvocation, cpuNs: number | undefined): void {
    for (const tid of invocation.tids) this.#attributes.left(tid);
    if (!this.#choice.remove(invocation)) return;
    // Nothing is decided before the next one comes, and that is to find its group as it was.
    if (this.#choice.entries.items.length === 0) this.#groups?.promoteAll();
    if (cpuNs !== undefined) this.#ranking.learn(invocation.functionId, cpuNs);
  }

  paused(invocation: ActiveInvocation, cpuNs: number | undefined): void {
    const entry = this.#choice.entries.of(invocation);
    if (entry?.before) this.#before.set(invocation.tids, entry.before);
    if (entry) this.#promote(entry, 0); // it is asleep: nothing to be watched
    this.ended(invocation, cpuNs);
  }

  decide(nowNs: number): number {
    this.counters.decisions++;
    const full = nowNs >= this.#fullAtNs;
    if (full) this.#fullAtNs = nowNs + this.#fullNs;
    for (const entry of this.#choice.chosen) if (entry.promotedNs !== 0) this.#watchPromotion(entry);
    if (!this.#choice.decide(nowNs, full)) {
      this.counters.groupPromotions += this.#groups?.promoteAll() ?? 0;
      for (const entry of this.#choice.chosen) this.#promote(entry, nowNs);
      const againNs = this.#wereShort ? UNTOLD_NS : Infinity;
      this.#wereShort = false;
      return againNs;
    }
    this.#wereShort = true;
    const lowered = this.#orderGroups(nowNs);
    for (const entry of this.#choice.chosen) this.#promote(entry, nowNs);
    for (const entry of this.#choice.toDemote) this.#demote(entry);
    if (lowered) this.#refreshLowered();
    if (this.options.migrate !== false) {
      this.counters.migrations += this.#spreader.spread(this.#choice.chosen, this.#choice.held.items);
    }
    return this.#untilNextNs(nowNs);
  }

  release(): void {
    this.#groups?.promoteAll();
    this.#attributes.restoreAll();
    for (const entry of this.#choice.entries.items) entry.demoted = false;
    this.#fullAtNs = 0;
  }

  setCpus(cpus: readonly number[]): void {
    this.#cpus = cpus;
    this.#choice.setCpus(cpus.length);
    this.#spreader.setCpus(cpus);
  }

  [Symbol.dispose](): void {
    this.release();
    this.#groups?.[Symbol.dispose]();
  }

  /**
   * Before the tasks: what a promoted task's group weighs counts when the kernel looks whether it may run at once.
   * @returns whether a group was demoted
   */
  #orderGroups(nowNs: number): boolean {
    const groups = this.#groups;
    if (!groups) return false;
    // Inside one group the attributes of tasks are enough.
    if (this.#choice.entries.groups < 2) {
      this.counters.groupPromotions += groups.promoteAll();
      return false;
    }
    groups.begin(nowNs);
    for (const { chosen, runnable, group, invocation } of this.#choice.entries.items) {
      const pid = anyTask(invocation);
      if (chosen) groups.chosen(group, pid);
      else if (runnable > 0) groups.waiting(group, pid, invocation.startNs);
      else groups.blocked(group, pid);
    }
    const { demotions, promotions } = groups.apply();
    this.counters.groupDemotions += demotions;
    this.counters.groupPromotions += promotions;
    return demotions > 0;
  }

  /** After all other changes: each of them changes what groups weigh on each CPU. */
  #refreshLowered(): void {
    for (const { chosen, slot, group, invocation } of this.#choice.entries.items) {
      const running = chosen ? 0 : this.slots.running(slot);
      if (running === 0 || !this.#groups!.lowered(group)) continue;
      // Which of several run is not known.
      if (running === 1) this.#attributes.refresh(this.slots.lastTid(slot));
      else for (const tid of invocation.tids) this.#attributes.refresh(tid);
    }
  }

  /** When a chosen one may have to give way to the best that waits: ranks rise with what is used. */
  #untilNextNs(nowNs: number): number {
    const { overdue, spared, held } = this.#choice;
    if (overdue.items.length > 0 || spared > 0 || held.items.length > 0) return TICK_NS;
    let untilNs = this.#fullNs;
    for (const { slot, runnable, invocation: { functionId, startNs } } of this.#choice.chosen) {
      const attainedNs = this.slots.attainedNs(slot, nowNs);
      const tasks = Math.min(runnable, this.#cpus.length);
      const cpuNs = this.#ranking.untilAbove(functionId, attainedNs, startNs, this.#choice.bestWaiting);
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
    if (entry.gone) return;
    const onNs = this.slots.lastOnNs(entry.slot);
    if (onNs < entry.promotedNs) return;
    this.promotionLatency.add(onNs - entry.promotedNs);
    entry.promotedNs = 0;
  }
}

/** A task through which an invocation's group can be reached: its first process, or what that has left behind. */
function anyTask({ pid, tids }: ActiveInvocation): number {
  if (tids.has(pid)) return pid;
  for (const tid of tids) return tid;
  return pid;
}
