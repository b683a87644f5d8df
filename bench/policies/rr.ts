/** Every invocation in the kernel's real-time round robin (`SCHED_RR`), all with one priority: turns of 100 ms by default. */
import type { PolicyMaker } from "./policy.ts";
import { FUNCTION_PRIORITY, type Place, SCHED_RR, type Scheduler, type Tasks } from "./scheduler.ts";

export const roundRobin: PolicyMaker = () => ({
  name: "rr",
  what: "SCHED_RR, all functions with one priority",
  agent: { backend: "none" },
  scheduler: { kind: "rr" },
});

const PLACE: Place = { policy: SCHED_RR, nice: 0, priority: FUNCTION_PRIORITY };

export class RoundRobinScheduler implements Scheduler {
  constructor(readonly tasks: Pick<Tasks, "schedule">) {}

  started(pid: number): void {
    this.tasks.schedule(pid, PLACE);
  }

  ended(): void {}

  decide(): number {
    return Infinity;
  }
}
