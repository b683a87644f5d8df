/** What every way to enforce a policy has in common. */

import type { FunctionPolicy, RankTable } from "../learn/policy.ts";
import type { ActiveInvocation } from "../observe/active_set.ts";
import type { LatencyLog } from "./latency_log.ts";

/**
 * A change of the order in force. Only what differs is sent: copying the tables of thousands of functions would hold up
 * the event path.
 */
export interface Orders {
  /** Functions that are new or whose table has changed; to be gone through once. */
  readonly changed: Iterable<FunctionPolicy>;
  /** Functions that are known no longer. */
  readonly removed: readonly number[];
  /**
   * All ranks that people have set, by function: they hold for a whole invocation, whatever it has used. In nanoseconds
   * like learned ranks; −Infinity goes before everything, Infinity after.
   */
  readonly pinned: readonly (readonly [functionId: number, rankNs: number])[];
  /** Slices that people have set, in nanoseconds; for backends that enforce slices. */
  readonly pinnedSlices?: readonly (readonly [functionId: number, sliceNs: number])[];
  /** What orders invocations of functions of which nothing is known; undefined where nothing is known of any. */
  readonly prior: RankTable | undefined;
}

/** Counted since the start, in place. */
export interface EnforcerCounters {
  decisions: number;
  promotions: number;
  demotions: number;
  migrations: number;
  /** Invocations that were left normal, or made so, because a task of theirs waited for a lock in the kernel. */
  spared: number;
  /** Of whole scheduling groups. */
  groupDemotions: number;
  groupPromotions: number;
  /** Actions that failed, by reason. A process that is gone before it can be changed is normal. */
  errors: Record<string, number>;
}

/**
 * A backend. Events arrive in the kernel's order; after each batch of them, and on a timer where `decide` asked for one,
 * `decide` is called. A backend that orders inside the kernel needs only `setOrders` and ignores the rest.
 */
export interface Enforcer extends Disposable {
  readonly name: "stock" | "scx" | "cfs" | "none";
  /** Whether a function's slice is enforced, or only its order. */
  readonly sliceEnforced: boolean;
  /**
   * Whether it decides here, at events: then the kernel side wakes this thread at each where CPUs are short. One that orders
   * inside the kernel is asked now and then only.
   */
  readonly reactsToEvents: boolean;
  readonly counters: EnforcerCounters;
  setOrders(orders: Orders): void;
  started(invocation: ActiveInvocation): void;
  taskStarted(invocation: ActiveInvocation, tid: number): void;
  taskEnded(invocation: ActiveInvocation, tid: number): void;
  /**
   * One of its tasks waits for a lock in the kernel and is its next owner: as long as it does not run, nobody gets the lock.
   */
  awaitsLock(invocation: ActiveInvocation): void;
  /** Its tasks are gone. `cpuNs`: what it used in all, undefined where that was lost. */
  ended(invocation: ActiveInvocation, cpuNs: number | undefined): void;
  /** It has ended, but its tasks live on: they are put back, so that their next invocation starts as any other. */
  paused(invocation: ActiveInvocation, cpuNs: number | undefined): void;
  /**
   * Makes the kernel run the right ones.
   * @returns nanoseconds until it wants to be called again at the latest
   */
  decide(nowNs: number): number;
  /** Called about once a second while the order is to be enforced; so many invocations are in progress. */
  look?(nowNs: number, active: number): void;
  /** It does nothing until the next invocation starts, and is to be told of that at once. */
  readonly awaitsStart?: boolean;
  /** Why it does not work as it should; undefined where it does. */
  readonly trouble?: string | undefined;
  /** From promotion of a waiting invocation to its running. */
  readonly promotionLatency?: LatencyLog;
  /** The machine's CPUs that are switched on have changed. */
  setCpus(cpus: readonly number[]): void;
  /** Puts everything back as it was found; `decide` or `look` starts anew after it. */
  release(): void;
}

/** All zero. */
export function newCounters(): EnforcerCounters {
  return {
    decisions: 0,
    promotions: 0,
    demotions: 0,
    migrations: 0,
    spared: 0,
    groupDemotions: 0,
    groupPromotions: 0,
    errors: {},
  };
}

/** Observes and learns only. */
export class NoEnforcer implements Enforcer {
  readonly name = "none";
  readonly sliceEnforced = false;
  readonly reactsToEvents = false;
  readonly counters: EnforcerCounters = newCounters();
  setOrders(): void {}
  started(): void {}
  taskStarted(): void {}
  taskEnded(): void {}
  awaitsLock(): void {}
  ended(): void {}
  paused(): void {}
  decide(): number {
    return Infinity;
  }
  setCpus(): void {}
  release(): void {}
  [Symbol.dispose](): void {}
}
