/**
 * SFS, from "SFS: Smart OS Scheduling for Serverless Functions" (Fu, Liu, Wang, Cheng, Chen; SC '22), on real processes.
 *
 * As in the paper and its authors' program (github.com/ds2-lab/SFS, `SFS-standalone/sfs.go`): one queue for all cores; as
 * many invocations as there are cores are at the front, in `SCHED_FIFO`, each for one slice; then, and while they queue, they
 * are where the kernel puts them. The slice is cores × the mean inter-arrival time of the latest 200 arrivals, 20 ms before
 * that, at least 6 ms, and an invocation gets the one of its arrival. Who has queued for more than 3 slices is not filtered. One
 * that sleeps leaves its place and comes back to the queue with what is left of its slice.
 *
 * Different here: sleepers are looked for each 4 ms (the paper's interval) and not each 1 ms; places are not tied to cores, as
 * the kernel spreads as many real-time tasks as there are cores by itself; the slice is not counted in naps of 1 ms, which
 * are longer than that.
 */
import type { PolicyMaker } from "./policy.ts";
import { FAIR, FIRST_COME, type Scheduler, type Tasks } from "./scheduler.ts";

const MS = 1e6;
const WINDOW = 200, FIRST_SLICE_NS = 20 * MS, LEAST_SLICE_NS = 6 * MS, OVERLOAD_FACTOR = 3, LOOK_NS = 4 * MS;

export const sfs: PolicyMaker = ({ cores }) => ({
  name: "sfs",
  what: "SFS (SC '22): SCHED_FIFO for a slice that follows arrivals, then the default",
  agent: { backend: "none" },
  scheduler: { kind: "sfs", cores },
});

interface Job {
  readonly pid: number;
  /** Of its slice. */
  leftNs: number;
  queuedNs: number;
  /** When it came to the front, or was looked at there last. */
  frontNs: number;
}

export class SfsScheduler implements Scheduler {
  readonly #queue: Job[] = [];
  readonly #front = new Map<number, Job>();
  /** They slept at the front. */
  readonly #asleep = new Map<number, Job>();
  #sliceNs = FIRST_SLICE_NS;
  #arrivals = 0;
  #windowNs = 0;

  constructor(readonly tasks: Pick<Tasks, "schedule" | "isAsleep">, readonly cores: number) {}

  started(pid: number, _functionName: string, nowNs: number): void {
    if (this.#arrivals === 0) this.#windowNs = nowNs;
    else if (this.#arrivals % WINDOW === 0) {
      this.#sliceNs = this.cores * (nowNs - this.#windowNs) / WINDOW;
      this.#windowNs = nowNs;
    }
    this.#arrivals++;
    this.#queue.push({ pid, leftNs: Math.max(LEAST_SLICE_NS, this.#sliceNs), queuedNs: nowNs, frontNs: 0 });
  }

  ended(pid: number): void {
    this.#front.delete(pid);
    this.#asleep.delete(pid);
    const at = this.#queue.findIndex((job) => job.pid === pid);
    if (at >= 0) this.#queue.splice(at, 1);
  }

  decide(nowNs: number): number {
    for (const job of this.#front.values()) this.#look(job, nowNs);
    for (const job of this.#asleep.values()) {
      if (this.tasks.isAsleep(job.pid)) continue;
      this.#asleep.delete(job.pid);
      job.queuedNs = nowNs;
      this.#queue.push(job);
    }
    while (this.#front.size < this.cores) {
      const job = this.#queue.shift();
      if (job === undefined) break;
      if (nowNs - job.queuedNs > OVERLOAD_FACTOR * this.#sliceNs) continue;
      job.frontNs = nowNs;
      this.#front.set(job.pid, job);
      this.tasks.schedule(job.pid, FIRST_COME);
    }
    if (this.#front.size + this.#asleep.size === 0) return Infinity;
    const first = [...this.#front.values()].reduce((least, { leftNs }) => Math.min(least, leftNs), LOOK_NS);
    return nowNs + first;
  }

  /** Its slice goes on; where it is over, or it sleeps, it leaves the front. */
  #look(job: Job, nowNs: number): void {
    job.leftNs -= nowNs - job.frontNs;
    job.frontNs = nowNs;
    const over = job.leftNs <= 0;
    if (!over && !this.tasks.isAsleep(job.pid)) return;
    this.#front.delete(job.pid);
    this.tasks.schedule(job.pid, FAIR);
    if (!over) this.#asleep.set(job.pid, job);
  }
}
