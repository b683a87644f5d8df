/**
 * The hybrid of "In Serverless, OS Scheduler Choice Costs Money: A Hybrid Scheduling Approach for Cheaper FaaS" (Middleware
 * '24, arXiv 2411.08448): short invocations run first come, first served without preemption; those that outlive a limit go on
 * under the default.
 *
 * Different here: it sets the kernel's own classes (`SCHED_FIFO`, then the default) where the paper has a scheduler in ghOSt,
 * and both share all cores where the paper gives each its own: of two cores that would leave one to each. The limit is
 * the 90th percentile of the CPU times of the latest 100 invocations that have ended, anew at each end; until 20 have ended, no
 * one is limited.
 */
import { percentile } from "../../simulate/percentile.ts";
import type { PolicyMaker } from "./policy.ts";
import { FAIR, FIRST_COME, type Scheduler, type Tasks } from "./scheduler.ts";

const MS = 1e6;
const WINDOW = 100, LEAST_ENDED = 20, SHARE = 0.9;

/** One near the limit is looked at again after so long at the earliest. */
const LOOK_NS = 4 * MS;

export const hybrid: PolicyMaker = () => ({
  name: "hybrid",
  what: "FIFO + fair (Middleware '24): SCHED_FIFO up to the 90th percentile of CPU times, then the default",
  agent: { backend: "none" },
  scheduler: { kind: "hybrid" },
});

/** One below the limit. */
interface Job {
  readonly pid: number;
  /** What its process had used before: a warm one has served others. */
  readonly baseNs: number;
  /** When it is looked at next. */
  lookNs: number;
}

export class HybridScheduler implements Scheduler {
  readonly #below = new Map<number, Job>();
  /** CPU times of the latest that have ended. */
  readonly #latestNs: number[] = [];
  #limitNs = Infinity;

  constructor(readonly tasks: Pick<Tasks, "schedule" | "cpuNs">) {}

  /** CPU time from which on an invocation is scheduled by the default; Infinity while it is not known. */
  get limitNs(): number {
    return this.#limitNs;
  }

  started(pid: number, _functionName: string, nowNs: number): void {
    this.tasks.schedule(pid, FIRST_COME);
    this.#below.set(pid, { pid, baseNs: this.tasks.cpuNs(pid) ?? 0, lookNs: nowNs });
  }

  ended(pid: number, cpuNs: number): void {
    this.#below.delete(pid);
    if (this.#latestNs.push(cpuNs) > WINDOW) this.#latestNs.shift();
    if (this.#latestNs.length >= LEAST_ENDED) {
      this.#limitNs = percentile(this.#latestNs.toSorted((a, b) => a - b), SHARE);
    }
  }

  decide(nowNs: number): number {
    if (this.#limitNs === Infinity) return Infinity;
    let nextNs = Infinity;
    for (const job of this.#below.values()) {
      if (nowNs >= job.lookNs) this.#look(job, nowNs);
      if (this.#below.has(job.pid)) nextNs = Math.min(nextNs, job.lookNs);
    }
    return nextNs;
  }

  /** It cannot reach the limit before it has run for what is left of it. */
  #look(job: Job, nowNs: number): void {
    const usedNs = this.tasks.cpuNs(job.pid);
    const leftNs = usedNs === undefined ? 0 : this.#limitNs - (usedNs - job.baseNs);
    job.lookNs = nowNs + Math.max(LOOK_NS, leftNs);
    if (leftNs > 0) return;
    this.#below.delete(job.pid);
    if (usedNs !== undefined) this.tasks.schedule(job.pid, FAIR);
  }
}
