/**
 * What the event thread does besides deciding: it carries out the switch of people and what the guard says, and notices
 * CPUs that are switched on or off.
 */

import { CpuLimits } from "../enforce/cpu_limits.ts";
import type { Enforcer } from "../enforce/enforcer.ts";
import type { ActiveSet } from "../observe/active_set.ts";
import type { SharedPage, SlotTable } from "../observe/slots.ts";
import { type EnforcementState, enforcementState } from "./enforcement.ts";
import { Guard, type GuardSample } from "./guard.ts";
import { CpuWatch, machineMemory } from "./machine_state.ts";

/** So many CPUs that no more can be wanted: the kernel side wakes nobody while nothing is enforced. */
const NEVER_SHORT = 2 ** 32 - 1;

/** What it looks at and acts on. */
export interface Supervised {
  readonly enforcer: Pick<
    Enforcer,
    "name" | "reactsToEvents" | "awaitsStart" | "release" | "setCpus" | "look"
  >;
  readonly active: Pick<ActiveSet, "size" | typeof Symbol.iterator>;
  readonly slots: Pick<SlotTable, "oldestWaitNs" | "bucketNs" | "runnable">;
  readonly shared: Pick<SharedPage, "counters" | "cores">;
  readonly maxWaitNs: number;
  /** Called when the guard has changed something. */
  changed(state: EnforcementState): void;
  /** Called with one line for people. */
  note(text: string): void;
}

export class Supervisor {
  readonly #guard: Guard;
  #person: boolean | undefined;
  #cpuCount: number;
  #sinceNs: number;

  constructor(
    readonly supervised: Supervised,
    nowNs: number,
    readonly memory: typeof machineMemory = machineMemory,
    readonly cpus: Pick<CpuWatch, "changed"> = new CpuWatch(),
    readonly limits: Pick<CpuLimits, "begin" | "hold"> = new CpuLimits(),
  ) {
    this.#guard = new Guard(supervised.maxWaitNs);
    this.#cpuCount = supervised.shared.cores;
    this.#sinceNs = nowNs;
  }

  /** Whether the order is to be enforced. */
  get enforcing(): boolean {
    return this.#person !== false && this.#guard.trip === undefined;
  }

  get state(): EnforcementState {
    return enforcementState(this.#person, this.#guard, this.#sinceNs);
  }

  /** A reaction came so late: see {@link Guard.reacted}. Of no matter where the order is made in the kernel. */
  reacted(lateNs: number, nowNs: number): void {
    if (this.supervised.enforcer.reactsToEvents) this.#guard.reacted(lateNs, nowNs);
  }

  /** A person's switch: off puts everything back before this returns. */
  switch(enabled: boolean, nowNs: number): EnforcementState {
    if (!enabled) this.supervised.enforcer.release();
    else if (!this.enforcing) this.#guard.reset(this.#sample(nowNs));
    if (enabled !== this.enforcing) this.#sinceNs = nowNs;
    this.#person = enabled;
    // Whoever is told that it is enabled may rely on it: a backend in the kernel is in force then, or says why it is not.
    if (this.enforcing) this.supervised.enforcer.look?.(nowNs, this.supervised.active.size);
    this.#tellKernel();
    return this.state;
  }

  /** About once a second. On an idle machine it costs next to nothing. */
  look(nowNs: number): void {
    const { enforcer, active } = this.supervised;
    if (enforcer.name === "none") return;
    const cpus = active.size > 0 ? this.cpus.changed() : undefined;
    if (cpus) {
      enforcer.setCpus(cpus);
      this.supervised.note(
        `CPUs were switched on or off: invocations are ordered for ${cpus.length} from now on, before for ${this.#cpuCount}`,
      );
      this.#cpuCount = cpus.length;
      this.#tellKernel();
    }
    if (this.#person === false) return;
    const changed = this.#guard.look(this.#sample(nowNs), nowNs);
    if (changed && this.#guard.trip) enforcer.release();
    else if (this.enforcing) enforcer.look?.(nowNs, active.size);
    this.#tellKernel(); // whether it reacts to events may have changed, too
    if (!changed) return;
    this.#sinceNs = nowNs;
    this.supervised.changed(this.state);
  }

  #tellKernel(): void {
    const { enforcer: { name, reactsToEvents, awaitsStart }, shared } = this.supervised;
    if (name === "none") return;
    // With no CPU to be had, the first that wants one is told of at once.
    const ordered = awaitsStart ? 0 : reactsToEvents ? this.#cpuCount : NEVER_SHORT;
    shared.cores = this.enforcing ? ordered : NEVER_SHORT;
  }

  #sample(nowNs: number): GuardSample {
    const { active, enforcer, shared } = this.supervised;
    const { longWaits, lostRingFull, lostNoSlot, lostNoMemory, runnable } = shared.counters();
    return {
      longWaits,
      waitingNs: runnable > 0 ? this.#longestWaitNs(nowNs) : 0,
      // Lost to learning only, where the order is made in the kernel.
      eventsLost: enforcer.reactsToEvents ? lostRingFull + lostNoSlot + lostNoMemory : 0,
      memory: active.size > 0 || this.#guard.trip ? this.memory() : undefined,
    };
  }

  /**
   * Of the waits that go on, the longest, at least. An invocation with many tasks has them even where it is the only one.
   * Waits of those whose own CPU limit holds them are left out: they would wait without us too, and one cgroup's limit is not to
   * take the order from all others.
   */
  #longestWaitNs(nowNs: number): number {
    const { active, slots, maxWaitNs } = this.supervised;
    let longestNs = 0;
    this.limits.begin();
    for (const { slot, pid } of active) {
      if (slots.runnable(slot) === 0) continue;
      const waitedNs = Math.max(0, slots.oldestWaitNs(slot, nowNs) - slots.bucketNs);
      if (waitedNs > longestNs && !(waitedNs > maxWaitNs && this.limits.hold(pid))) longestNs = waitedNs;
    }
    return longestNs;
  }
}
