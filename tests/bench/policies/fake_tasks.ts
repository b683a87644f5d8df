/** Processes that schedulers of tests act on. */
import type { Place, Tasks } from "../../../bench/policies/scheduler.ts";

/** Remembers how each process is scheduled. */
export class FakeTasks implements Tasks {
  readonly places = new Map<number, Place>();
  readonly asleep = new Set<number>();
  readonly cpu = new Map<number, number>();

  schedule(pid: number, place: Place): void {
    this.places.set(pid, place);
  }

  isAsleep(pid: number): boolean {
    return this.asleep.has(pid);
  }

  cpuNs(pid: number): number | undefined {
    return this.cpu.get(pid);
  }

  /** Those in this place, in order of their ids. */
  in(place: Place): number[] {
    return [...this.places].filter(([, each]) => each === place).map(([pid]) => pid).sort((a, b) => a - b);
  }
}
