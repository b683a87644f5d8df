/** Which invocations are in progress, followed from the kernel's events. */

import { EventKind, Flags, type InvocationEvent } from "./events.ts";
import type { Invocation } from "./invocation.ts";
import type { SlotTable } from "./slots.ts";

/** One invocation in progress. */
export interface ActiveInvocation {
  readonly slot: number;
  readonly generation: number;
  /** Of the invocations in its slot, from 0: a warm instance has one after another. */
  readonly sequence: number;
  readonly functionId: number;
  readonly pid: number;
  readonly startNs: number;
  /** Threads and processes that belong to it, by their thread id. */
  readonly tids: Set<number>;
}

/** A task of an invocation, as the kernel side has it. Plain data: it crosses threads. */
export interface Member {
  readonly slot: number;
  readonly generation: number;
  readonly tid: number;
}

/** What is told about a change of the active set. */
export interface ActiveSetListener {
  /** An instance (a process with its threads and children) has come, and its first invocation begins with it. */
  started(invocation: ActiveInvocation): void;
  /** The next invocation of a warm instance begins; it has the instance's tasks from the start. */
  resumed(invocation: ActiveInvocation): void;
  taskStarted(invocation: ActiveInvocation, tid: number): void;
  taskEnded(invocation: ActiveInvocation, tid: number): void;
  /** One of its tasks waits for a lock in the kernel, for which others will have to wait behind it. */
  awaitsLock(invocation: ActiveInvocation): void;
  /** A warm invocation is over, its tasks live on. `record` as in `ended`. */
  paused(invocation: ActiveInvocation, record: Invocation | undefined): void;
  /**
   * The instance is over, and with it its invocation, if one was in progress. `record` is undefined where there was none,
   * where only a part of it was seen, or where the kernel's record was lost.
   */
  ended(invocation: ActiveInvocation | undefined, record: Invocation | undefined): void;
}

/** Follows the events. A lost event is made good as soon as it shows: by `sweep()`, or by the next one about the slot. */
export class ActiveSet {
  readonly #bySlot = new Map<number, ActiveInvocation>();
  /** Warm instances between two invocations: the latest invocation of each. */
  readonly #idle = new Map<number, ActiveInvocation>();
  /** Those that the latest sweep missed in the kernel. */
  readonly #gone = new WeakSet<ActiveInvocation>();
  /** Ends that were never reported, so that `sweep()` had to find them. */
  missedEnds = 0;

  constructor(
    readonly slots: Pick<SlotTable, "isLive" | "isInProgress">,
    readonly listener: ActiveSetListener,
  ) {}

  /** Invocations in progress. */
  get size(): number {
    return this.#bySlot.size;
  }

  [Symbol.iterator](): Iterator<ActiveInvocation> {
    return this.#bySlot.values();
  }

  /** Takes one event of any kind but a question. */
  apply(event: InvocationEvent): void {
    const known = this.#bySlot.get(event.slot) ?? this.#idle.get(event.slot);
    if (known && known.generation !== event.generation) {
      // Generations wrap around: the nearer way tells which is older. Of an older one all has been told.
      if (((event.generation - known.generation) | 0) < 0) return;
      this.#forget(known);
    }
    let active = this.#bySlot.get(event.slot);
    if (active && active.sequence !== event.sequence) {
      // Its end was lost, its instance goes on.
      this.missedEnds++;
      this.#pause(active, undefined);
      active = undefined;
    }
    switch (event.kind) {
      case EventKind.ALPS_EVENT_START:
      case EventKind.ALPS_EVENT_KICK: // where its start was lost; else it only says that it is time to decide
        if (!active) this.#begin(event);
        return;
      case EventKind.ALPS_EVENT_TASK_START:
        if (!active) {
          const idle = this.#idle.get(event.slot);
          if (idle && event.flags & Flags.ALPS_BETWEEN) return void idle.tids.add(event.tid);
          // Its start was lost: the tasks so far stay unknown, this one and later ones are followed.
          active = this.#begin(event);
          if (!idle) return;
        }
        active.tids.add(event.tid);
        return this.listener.taskStarted(active, event.tid);
      case EventKind.ALPS_EVENT_TASK_END:
        if (!active) return void this.#idle.get(event.slot)?.tids.delete(event.tid);
        if (active.tids.delete(event.tid)) this.listener.taskEnded(active, event.tid);
        return;
      case EventKind.ALPS_EVENT_LOCK:
        if (active) this.listener.awaitsLock(active);
        return;
      case EventKind.ALPS_EVENT_IDLE:
        return this.#pause(active ?? this.#begin(event), recordOf(event));
      case EventKind.ALPS_EVENT_END: {
        const last = active ?? this.#idle.get(event.slot);
        this.#bySlot.delete(event.slot);
        this.#idle.delete(event.slot);
        return this.listener.ended(last, recordOf(event));
      }
    }
  }

  /**
   * Drops invocations that the kernel no longer has since the sweep before: their end was lost. One that has ended only
   * now may have its end in the ring still. Linear; for a timer, not for every event.
   */
  sweep(): void {
    for (const active of this.#bySlot.values()) {
      const live = this.slots.isLive(active.slot, active.generation);
      if (live && this.slots.isInProgress(active.slot, active.sequence)) continue;
      if (!this.#gone.has(active)) {
        this.#gone.add(active);
      } else if (live) {
        this.missedEnds++;
        this.#pause(active, undefined);
      } else {
        this.#forget(active);
      }
    }
    for (const idle of this.#idle.values()) {
      if (this.slots.isLive(idle.slot, idle.generation)) continue;
      if (this.#gone.has(idle)) this.#forget(idle);
      else this.#gone.add(idle);
    }
  }

  /**
   * Of the tasks that the kernel side has, those whose invocation is known, but not they: their starts were lost. They
   * may have ended since they were listed, so they are not followed; later tasks of theirs are.
   */
  *strays(members: Iterable<Member>): Generator<[ActiveInvocation, tid: number]> {
    for (const { slot, generation, tid } of members) {
      const active = this.#bySlot.get(slot);
      if (active?.generation === generation && !active.tids.has(tid)) yield [active, tid];
    }
  }

  /** An invocation that was not in progress so far: of a new instance, or of a known one. */
  #begin(event: InvocationEvent): ActiveInvocation {
    const before = this.#idle.get(event.slot);
    const active: ActiveInvocation = {
      slot: event.slot,
      generation: event.generation,
      sequence: event.sequence,
      functionId: event.functionId,
      pid: event.pid,
      startNs: event.startNs,
      tids: before?.tids ?? new Set([event.tid]),
    };
    this.#idle.delete(event.slot);
    this.#bySlot.set(event.slot, active);
    if (before) this.listener.resumed(active);
    else this.listener.started(active);
    return active;
  }

  #pause(active: ActiveInvocation, record: Invocation | undefined): void {
    this.#bySlot.delete(active.slot);
    this.#idle.set(active.slot, active);
    this.listener.paused(active, record);
  }

  /** The instance is gone, and the end of its last invocation was lost. */
  #forget(last: ActiveInvocation): void {
    this.missedEnds++;
    this.#bySlot.delete(last.slot);
    this.#idle.delete(last.slot);
    this.listener.ended(last, undefined);
  }
}

/** The record of an end; undefined where no invocation was in progress, or not all of it was seen. */
function recordOf(event: InvocationEvent): Invocation | undefined {
  const { flags, startNs, endNs } = event;
  if (flags & (Flags.ALPS_BETWEEN | Flags.ALPS_PARTIAL)) return undefined;
  return {
    functionId: event.functionId,
    pid: event.pid,
    kind: flags & Flags.ALPS_WARM ? "warm" : "process",
    startNs,
    endNs,
    cpuNs: event.cpuNs,
    waitNs: event.waitNs,
    firstRunNs: event.firstRunNs === 0 ? endNs - startNs : event.firstRunNs - startNs,
    preemptions: event.preemptions,
    ...(flags & Flags.ALPS_WARM && flags & Flags.ALPS_OVERLAP && { overlapped: true }),
  };
}
