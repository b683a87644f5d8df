/**
 * A nice value by function, set when an invocation begins: what an operator can do who knows the sizes. The smallest function
 * gets −20, the largest 19, the others what is between in even steps of their order: the widest spread that there is.
 */
import { SCHED_NORMAL } from "../../ffi/libc.ts";
import type { PolicyMaker } from "./policy.ts";
import type { Place, Scheduler, Tasks } from "./scheduler.ts";

const MOST_NICE = 19, LEAST_NICE = -20;

export const niceByFunction: PolicyMaker = ({ sizes }) => ({
  name: "nice",
  what: "a nice value by function, static, the sizes known beforehand",
  agent: { backend: "none" },
  scheduler: { kind: "nice", niceOf: niceValues(sizes) },
});

/** A nice value for each function, by CPU time in any unit. */
export function niceValues(sizes: ReadonlyMap<string, number>): Map<string, number> {
  const order = [...sizes].sort(([, a], [, b]) => a - b).map(([name]) => name);
  const step = (MOST_NICE - LEAST_NICE) / Math.max(1, order.length - 1);
  return new Map(order.map((name, index) => [name, Math.round(LEAST_NICE + index * step) + 0]));
}

/** Sets it. A function that is not known stays as it is. */
export class NiceScheduler implements Scheduler {
  constructor(readonly tasks: Pick<Tasks, "schedule">, readonly niceOf: ReadonlyMap<string, number>) {}

  started(pid: number, functionName: string): void {
    const nice = this.niceOf.get(functionName);
    if (nice !== undefined) this.tasks.schedule(pid, nicePlace(nice));
  }

  ended(): void {}

  decide(): number {
    return Infinity;
  }
}

/** The fair class with a nice value. */
export function nicePlace(nice: number): Place {
  return { policy: SCHED_NORMAL, nice, priority: 0 };
}
