/** Which invocations are in progress, followed from the kernel's events. */

import { EventKind, type InvocationEvent } from "./events.ts";
import type { Invocation } from "./invocation.ts";
import type { SlotTable } from "./slots.ts";

/** One invocation in progress. */
export interface ActiveInvocation {
  readonly slot: number;
  readonly generation: number;
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
  started(invocation: ActiveInvocation): void;
  taskStarted(invocation: ActiveInvocation, tid: number): void;
  taskEnded(invocation: ActiveInvocation, tid: number): void;
  /** `record` is undefined where the kernel's record was lost. */
  ended(invocation: ActiveInvocation | undefined, record: Invocation | undefined): void;
}

/** Follows the events. A lost event is made good as soon as it shows: by `sweep()`, or by the next one about the slot. */
export class ActiveSet {
  readonly #bySlot = new Map<number, ActiveInvocation>();
  /** Those that the latest sweep missed in the kernel. */
  readonly #gone = new WeakSet<ActiveInvocation>();
  /** Ends that were never reported, so that `sweep()` had to find them. */
  missedEnds = 0;

  constructor(readonly slots: Pick<SlotTable, "isLive">, readonly listener: ActiveSetListener) {}

  get size(): number {
    return this.#bySlot.size;
  }

  [Symbol.iterator](): Iterator<ActiveInvocation> {
    return this.#bySlot.values();
  }

  /** Takes one event of any kind but a question. */
  apply(event: InvocationEvent): void {
    let active = this.#bySlot.get(event.slot);
    if (active && active.generation !== event.generation) {
      // Generations wrap around: the nearer way tells which is older. Of an older one all has been told.
      if (((event.generation - active.generation) | 0) < 0) return;
      this.#forget(active);
      active = undefined;
    }
    switch (event.kind) {
      case EventKind.ALPS_EVENT_START:
      case EventKind.ALPS_EVENT_KICK: // where its start was lost; else it only says that it is time to decide
        if (!active) this.#begin(event);
        return;
      case EventKind.ALPS_EVENT_TASK_START:
        // Its start was lost: the tasks so far stay unknown, this one and later ones are followed.
        if (!active) return void this.#begin(event);
        active.tids.add(event.tid);
        return this.listener.taskStarted(active, event.tid);
      case EventKind.ALPS_EVENT_TASK_END:
        if (active?.tids.delete(event.tid)) this.listener.taskEnded(active, event.tid);
        return;
      case EventKind.ALPS_EVENT_END:
        if (active) this.#bySlot.delete(event.slot);
        return this.listener.ended(active, recordOf(event));
    }
  }

  /**
   * Drops invocations that the kernel no longer has since the sweep before: their end was lost. One that has ended only
   * now may have its end in the ring still. Linear; for a timer, not for every event.
   */
  sweep(): void {
    for (const active of this.#bySlot.values()) {
      if (this.slots.isLive(active.slot, active.generation)) continue;
      if (this.#gone.has(active)) this.#forget(active);
      else this.#gone.add(active);
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

  #begin(event: InvocationEvent): void {
    const active: ActiveInvocation = {
      slot: event.slot,
      generation: event.generation,
      functionId: event.functionId,
      pid: event.pid,
      startNs: event.startNs,
      tids: new Set([event.tid]),
    };
    this.#bySlot.set(event.slot, active);
    this.listener.started(active);
  }

  #forget(active: ActiveInvocation): void {
    this.missedEnds++;
    this.#bySlot.delete(active.slot);
    this.listener.ended(active, undefined);
  }
}

function recordOf(event: InvocationEvent): Invocation {
  return {
    functionId: event.functionId,
    pid: event.pid,
    kind: "process",
    startNs: event.startNs,
    endNs: event.timeNs,
    cpuNs: event.cpuNs,
    waitNs: event.waitNs,
    firstRunNs: event.firstRunNs === 0 ? event.timeNs - event.startNs : event.firstRunNs - event.startNs,
    preemptions: event.preemptions,
  };
}
