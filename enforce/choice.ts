/**
 * Who runs: of the invocations that want a CPU those with the lowest ranks, as many as there are CPUs. A decision costs
 * time for those that run, are new or sleep, not for the hundreds that wait: what does not run keeps its rank, in a heap.
 */

import { ALPS_LIMITS } from "../ffi/layout.ts";
import { IndexedHeap } from "../learn/heap.ts";
import type { ActiveInvocation } from "../observe/active_set.ts";
import type { SlotTable } from "../observe/slots.ts";
import type { CpuLimits } from "./cpu_limits.ts";
import { Held } from "./held.ts";
import { LOWEST_RANK, Overdue } from "./overdue.ts";
import { type Ranking, remainingOf } from "./ranking.ts";
import { Selection } from "./selection.ts";
import { Entries, type Entry } from "./stock_entry.ts";

/**
 * By how much another must be better to take a running one's place: a tenth of what is left, at most 5 ms. A switch costs
 * both sides a millisecond or so, and ranks that rise past each other in turn would have it at every look.
 */
function leadOf(rank: number, startNs: number): number {
  return Math.min(5_000_000, Math.max(0, remainingOf(rank, startNs) / 10));
}

/**
 * CPU time in which a task that was given a lock in the kernel has surely let it go. More: who starts, and takes many such
 * locks, is demoted later.
 */
const LOCK_RUN_NS = 1_000_000;

/** As an entry's `sparedUntilNs`: LOCK_RUN_NS from the next decision on. */
const FROM_NOW = -1;

/** Remembers since when it has been chosen. */
function noteChosen(entry: Entry, nowNs: number): void {
  if (!entry.chosen) entry.chosenNs = 0;
  else if (entry.chosenNs === 0) entry.chosenNs = nowNs;
}

export class Choice {
  readonly entries = new Entries();
  readonly overdue: Overdue;
  readonly held: Held;
  /** After a decision: those that are to run, the best first. */
  readonly chosen: Entry[] = [];
  /** After a decision: those that are normal and are to wait. */
  readonly toDemote: Entry[] = [];
  /** After a decision: the best rank of those that wait; Infinity where none does. */
  bestWaiting = Infinity;
  /** After a decision: how many are normal for the sake of a lock, whatever their ranks. */
  spared = 0;
  #cpus: number;
  #selection: Selection<Entry>;
  /** Those that are looked at in each decision: they run, are new, or sleep. The rest waits. */
  #near: Entry[] = [];
  #nearNext: Entry[] = [];
  readonly #taken: Entry[] = [];
  /** Slots of those that wait, demoted, by rank, and how many tasks they have that want a CPU. */
  readonly #waiting = new IndexedHeap(ALPS_LIMITS.ALPS_SLOTS);
  #waitingTasks = 0;

  /**
   * @param cpus how many there are
   * @param lookNs how often a decision is a full one
   * @param limits whose CPU limit is reached
   */
  constructor(
    readonly slots: Pick<SlotTable, "attainedNs" | "group" | "oldestWaitNs" | "runnable" | "running">,
    readonly ranking: Pick<Ranking, "note" | "rank">,
    cpus: number,
    maxWaitNs: number,
    lookNs: number,
    limits: Pick<CpuLimits, "begin" | "hold">,
  ) {
    this.overdue = new Overdue(slots, maxWaitNs, lookNs);
    this.held = new Held(slots, limits);
    this.#cpus = cpus;
    this.#selection = new Selection(cpus);
  }

  setCpus(count: number): void {
    this.#cpus = count;
    this.#selection = new Selection(count);
  }

  /** @param before attributes that its tasks had before an earlier invocation of theirs was demoted, where there was one */
  add(invocation: ActiveInvocation, before: Entry["before"]): void {
    this.#near.push(this.entries.add(invocation, before));
  }

  /** False where it was not in it. */
  remove(invocation: ActiveInvocation): boolean {
    const entry = this.entries.remove(invocation);
    if (!entry) return false;
    entry.gone = true;
    this.#takeFromWaiting(entry);
    return true;
  }

  /** False where it is not among the waiting ones. */
  #takeFromWaiting(entry: Entry): boolean {
    if (!this.#waiting.has(entry.slot)) return false;
    this.#waiting.remove(entry.slot);
    this.#waitingTasks -= entry.runnable;
    return true;
  }

  /** Leaves it normal, or makes it so, until it has a lock that it waits for and is past it. False where it is no entry, or is spared. */
  spare(invocation: ActiveInvocation): boolean {
    const entry = this.entries.of(invocation);
    if (!entry) return false;
    const before = entry.sparedUntilNs;
    entry.sparedUntilNs = FROM_NOW;
    if (this.#takeFromWaiting(entry)) this.#near.push(entry);
    return before === 0;
  }

  /**
   * Makes a decision.
   * @param full everyone is looked at and ranked anew
   * @returns false where there is a CPU for everyone: then `chosen` is everyone
   */
  decide(nowNs: number, full: boolean): boolean {
    if (full) this.#takeAll();
    const tasks = this.#look(nowNs) + this.#waitingTasks;
    if (tasks <= this.#cpus) {
      this.#takeAll();
      this.chosen.length = this.toDemote.length = 0;
      for (const entry of this.#near) {
        entry.chosen = true;
        noteChosen(entry, nowNs);
        this.chosen.push(entry);
      }
      return false;
    }
    this.held.begin();
    this.overdue.begin(tasks, this.#cpus, this.entries.groups);
    this.spared = 0;
    this.#rank(nowNs);
    this.#takeBest();
    this.#choose();
    this.#sort(nowNs);
    this.bestWaiting = this.#waiting.topKey();
    return true;
  }

  /** Everyone is looked at. */
  #takeAll(): void {
    this.#waiting.clear();
    this.#waitingTasks = 0;
    this.#near.length = 0;
    for (const entry of this.entries.items) this.#near.push(entry);
  }

  /** Reads what they do now. Returns how many tasks of theirs want a CPU. */
  #look(nowNs: number): number {
    const { slots } = this;
    let tasks = 0;
    for (const entry of this.#near) {
      if (entry.gone) continue;
      tasks += entry.runnable = slots.runnable(entry.slot);
      this.entries.setGroup(entry, slots.group(entry.slot));
      // Before any rank is made: of a function without a policy it depends on all of its invocations.
      entry.attainedNs = slots.attainedNs(entry.slot, nowNs);
      if (entry.sparedUntilNs === FROM_NOW) entry.sparedUntilNs = entry.attainedNs + LOCK_RUN_NS;
      this.ranking.note(entry.invocation.functionId, entry.attainedNs);
    }
    return tasks;
  }

  #rank(nowNs: number): void {
    this.#selection.clear();
    for (const entry of this.#near) {
      if (entry.gone) continue;
      if (entry.runnable === 0) {
        entry.overdueUntilNs = 0; // it waits no longer
        continue;
      }
      if (this.held.take(entry, nowNs)) continue;
      const { attainedNs, invocation: { functionId, startNs } } = entry;
      entry.rank = this.overdue.rank(entry, attainedNs, nowNs) ??
        Math.max(LOWEST_RANK, this.ranking.rank(functionId, attainedNs, startNs));
      const lead = entry.chosen && this.slots.running(entry.slot) > 0 ? leadOf(entry.rank, startNs) : 0;
      this.#selection.offer(entry, entry.rank - lead);
    }
  }

  /** Has those of the waiting ones compete that are good enough. */
  #takeBest(): void {
    this.#taken.length = 0;
    while (this.#waiting.topKey() < this.#selection.limit) {
      const entry = this.entries.bySlot(this.#waiting.pop())!;
      this.#waitingTasks -= entry.runnable;
      // It may have come to run in the idle class, and sleep since.
      entry.runnable = this.slots.runnable(entry.slot);
      this.#taken.push(entry);
      if (entry.runnable > 0) this.#selection.offer(entry, entry.rank);
    }
  }

  /** Marks the best: one that can use several CPUs counted as often. And those that have waited too long. */
  #choose(): void {
    for (const entry of this.#near) entry.chosen = false;
    this.chosen.length = 0;
    let cpus = 0;
    for (const entry of this.#selection.items) {
      if (cpus >= this.#cpus) break;
      cpus += entry.runnable;
      entry.chosen = true;
      this.chosen.push(entry);
    }
    for (const entry of this.held.items) this.#alsoChoose(entry);
    for (const entry of this.overdue.items) this.#alsoChoose(entry);
    for (const entry of this.#near) {
      if (entry.sparedUntilNs === 0 || entry.gone) continue;
      if (entry.attainedNs >= entry.sparedUntilNs) {
        entry.sparedUntilNs = 0;
      } else {
        this.spared++;
        this.#alsoChoose(entry);
      }
    }
  }

  /** Beside those that take up the CPUs. */
  #alsoChoose(entry: Entry): void {
    if (!entry.chosen) this.chosen.push(entry);
    entry.chosen = true;
  }

  /** Those that are to wait to the waiting ones, the others near. */
  #sort(nowNs: number): void {
    const near = this.#nearNext;
    near.length = this.toDemote.length = 0;
    for (const list of [this.#near, this.#taken]) {
      for (const entry of list) {
        if (entry.gone) continue;
        noteChosen(entry, nowNs);
        if (entry.chosen || entry.runnable === 0) {
          near.push(entry);
          continue;
        }
        if (!entry.demoted) this.toDemote.push(entry);
        this.#waiting.push(entry.slot, entry.rank);
        this.#waitingTasks += entry.runnable;
      }
    }
    this.#nearNext = this.#near;
    this.#near = near;
  }
}
