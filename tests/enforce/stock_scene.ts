/** The stock backend on a machine in memory: what the kernel would show and take is set and read by the test. */

import { StockEnforcer, type StockOptions } from "../../enforce/stock.ts";
import { SCHED_NORMAL } from "../../ffi/libc.ts";
import type { FunctionPolicy } from "../../learn/policy.ts";
import type { ActiveInvocation } from "../../observe/active_set.ts";
import { FakeTasks } from "./fake_tasks.ts";

export const MS = 1e6;

export interface FakeSlot {
  runnable: number;
  running: number;
  cpu: number;
  lastTid: number;
  lastOnNs: number;
  attainedNs: number;
  /** Since when one of its tasks has waited; 0 = none does. */
  waitingSinceNs: number;
  group: number;
}

/** No cgroup has a CPU limit. */
const NO_LIMITS = { begin: () => {}, hold: () => false };

/** A machine of two CPUs with invocations in memory. Functions are numbered by the milliseconds that they need. */
export class Scene {
  readonly tasks = new FakeTasks();
  readonly slots = new Map<number, FakeSlot>();
  readonly enforcer: StockEnforcer;
  nowNs = 1e12;
  #nextTid = 100;

  constructor(options: Partial<StockOptions> = {}) {
    const get = <K extends keyof FakeSlot>(field: K) => (slot: number) => this.slots.get(slot)![field];
    this.enforcer = new StockEnforcer(this.tasks, {
      runnable: get("runnable"),
      running: get("running"),
      cpu: get("cpu"),
      lastTid: get("lastTid"),
      lastOnNs: get("lastOnNs"),
      attainedNs: get("attainedNs"),
      oldestWaitNs: (slot, nowNs) => {
        const { waitingSinceNs } = this.slots.get(slot)!;
        return waitingSinceNs === 0 ? 0 : nowNs - waitingSinceNs;
      },
      group: get("group"),
    }, { cpus: [0, 1], maxWaitNs: 5e9, migrate: false, limits: NO_LIMITS, ...options });
    this.enforcer.setOrders({
      changed: [1, 10, 100, 1000].map(policy),
      removed: [],
      pinned: [],
      prior: undefined,
    });
  }

  /** An invocation of a function that needs `ms`, with so many tasks, all of which want a CPU. */
  start(ms: number, tasks = 1): ActiveInvocation {
    const tids = Array.from({ length: tasks }, () => this.#nextTid++), slot = tids[0]!;
    for (const tid of tids) this.tasks.add(tid);
    this.slots.set(slot, {
      runnable: tasks,
      running: 0,
      cpu: 0,
      lastTid: slot,
      lastOnNs: 0,
      attainedNs: 0,
      waitingSinceNs: 0,
      group: 0,
    });
    const invocation: ActiveInvocation = {
      slot,
      generation: 1,
      sequence: 0,
      functionId: ms,
      pid: slot,
      startNs: this.nowNs,
      tids: new Set(tids),
    };
    this.enforcer.started(invocation);
    return invocation;
  }

  end(invocation: ActiveInvocation): void {
    for (const tid of invocation.tids) this.tasks.remove(tid);
    this.enforcer.ended(invocation, 1);
    this.slots.delete(invocation.slot);
  }

  slotOf(invocation: ActiveInvocation): FakeSlot {
    return this.slots.get(invocation.slot)!;
  }

  /** Decides after `ms` more milliseconds. */
  decide(ms = 0): number {
    return this.enforcer.decide(this.nowNs += ms * MS);
  }

  /** Which of these are normal, rather than in the idle class. */
  normal(invocations: ActiveInvocation[]): boolean[] {
    return invocations.map(({ tids }) =>
      [...tids].every((tid) => this.tasks.attrs.get(tid)?.policy === SCHED_NORMAL)
    );
  }
}

function policy(functionId: number): FunctionPolicy {
  const ns = functionId * MS;
  return {
    functionId,
    priority: 1,
    sliceNs: ns,
    predictedCpuNs: ns,
    table: [0, ns, ns, 0],
    tailSlope: 1,
  };
}
