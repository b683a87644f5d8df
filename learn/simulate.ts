/**
 * Shortest remaining processing time (SRPT) on some cores, simulated event by event: what the learner takes its slices
 * from, and the bound (oracle) that measurements are compared with.
 */
import { IndexedHeap } from "./heap.ts";

/** A job to simulate. Both times in one unit, which the caller chooses (nanoseconds, milliseconds…). */
export interface SrptJob {
  /** When it arrives: a finite number. */
  readonly arrival: number;
  /** The CPU time that it needs: a finite number, not negative. */
  readonly cpu: number;
}

/** How to simulate. Times in the jobs' unit. */
export interface SrptOptions {
  /** A whole number, at least 1. */
  readonly cores: number;
  /** How long a job that was given a core keeps it at least, unless it completes. Default 0. */
  readonly minRun?: number;
  /**
   * How long after its arrival a job is first compared with the running ones (a core that falls free it may take at
   * once). Default 0. A simulation in whole ticks that looks at each boundary only at earlier arrivals, as the first
   * implementation of ALPS, has 1 here.
   */
  readonly noticeDelay?: number;
}

/** What became of one job. Times in the jobs' unit. */
export interface SrptOutcome {
  /** When it had all of its CPU time. */
  completion: number;
  /** From arrival to first run. */
  wait: number;
  /** When it first ran. */
  firstRun: number;
  /** How often it lost a core before it was complete. */
  preemptions: number;
  /** Its run lengths between switches, in order; they add up to its CPU time. */
  slices: number[];
}

/**
 * Simulates SRPT. Free cores go to the jobs with least remaining; a running job that has had its core for `minRun` is
 * preempted, the one with most remaining first, where a waiting one has strictly less remaining. Ties go to the job that
 * comes earlier in the list. Switching and moving between cores are free.
 *
 * With one core, `minRun` 8 and `noticeDelay` 1 over whole milliseconds it gives what ALPS's first implementation gives.
 * Costs O((jobs + switches) · log jobs).
 *
 * @returns one outcome per job, in the order of `jobs`
 * @throws RangeError where a job or an option is out of its range
 */
export function simulateSrpt(jobs: readonly SrptJob[], options: SrptOptions): SrptOutcome[] {
  const simulation = new Simulation(jobs, options);
  simulation.run();
  return simulation.outcomes();
}

/** The state of one simulation; job numbers are positions in the list. */
class Simulation {
  readonly #arrivals: Float64Array;
  readonly #cores: number;
  readonly #minRun: number;
  readonly #noticeDelay: number;
  /** Job numbers by arrival. */
  readonly #order: Int32Array;
  /** How many of `#order` have arrived, and how many of these may preempt. */
  #arrived = 0;
  #noticed = 0;
  /** Waiting jobs by remaining time: those that may preempt, and those that only a free core takes. */
  readonly #waiting: IndexedHeap;
  readonly #fresh: IndexedHeap;
  /** Running jobs by completion. All run at one speed, so the last to complete is the one with most remaining. */
  readonly #running: IndexedHeap;
  /** Running jobs past their minimum run, by completion, the last one on top. */
  readonly #preemptible: IndexedHeap;
  /** Starts of runs in order of time, so that minimum runs end in this order too; `#protectedHead` is the first left. */
  readonly #protectedJobs: number[] = [];
  readonly #protectedEnds: number[] = [];
  #protectedHead = 0;
  readonly #remaining: Float64Array;
  readonly #firstRun: Float64Array;
  readonly #givenAt: Float64Array;
  readonly #completion: Float64Array;
  /** Preemptions in order of time: whose run ended, and how long it had been. Last runs follow from completions. */
  readonly #preempted: number[] = [];
  readonly #runs: number[] = [];

  constructor(jobs: readonly SrptJob[], options: SrptOptions) {
    this.#cores = options.cores;
    this.#minRun = options.minRun ?? 0;
    this.#noticeDelay = options.noticeDelay ?? 0;
    if (!Number.isInteger(this.#cores) || this.#cores < 1) {
      throw new RangeError(`cannot simulate ${this.#cores} cores: must be a whole number, at least 1`);
    }
    for (const name of ["minRun", "noticeDelay"] as const) {
      const value = options[name] ?? 0;
      if (!(value >= 0 && value < Infinity)) {
        throw new RangeError(`cannot simulate with ${name} ${value}: must be a finite number, at least 0`);
      }
    }
    const count = jobs.length;
    this.#remaining = new Float64Array(count);
    this.#firstRun = new Float64Array(count).fill(-1);
    this.#givenAt = new Float64Array(count);
    this.#completion = new Float64Array(count);
    this.#arrivals = new Float64Array(count);
    for (let job = 0; job < count; job++) {
      const { arrival, cpu } = jobs[job]!;
      if (!Number.isFinite(arrival)) {
        throw new RangeError(`cannot simulate job ${job} with arrival ${arrival}: must be a finite number`);
      }
      if (!(cpu >= 0 && cpu < Infinity)) {
        throw new RangeError(
          `cannot simulate job ${job} with CPU time ${cpu}: must be finite and at least 0`,
        );
      }
      this.#arrivals[job] = arrival;
      this.#remaining[job] = cpu;
    }
    this.#order = arrivalOrder(this.#arrivals);
    this.#waiting = new IndexedHeap(count);
    this.#fresh = new IndexedHeap(count);
    this.#running = new IndexedHeap(count);
    this.#preemptible = new IndexedHeap(count);
  }

  run(): void {
    for (let now = this.#nextEvent(); now < Infinity; now = this.#nextEvent()) {
      while (this.#running.topKey() <= now) this.#complete(this.#running.top());
      this.#admit(now);
      while (this.#running.size < this.#cores && this.#waiting.size + this.#fresh.size > 0) this.#give(now);
      if (this.#waiting.size === 0) continue;
      this.#unprotect(now);
      // The keys of the preemptible ones are negated completions.
      while (this.#waiting.topKey() < -this.#preemptible.topKey() - now) {
        this.#preempt(this.#preemptible.top(), now);
        this.#give(now);
        this.#unprotect(now);
      }
    }
  }

  outcomes(): SrptOutcome[] {
    const count = this.#arrivals.length;
    const preemptions = new Int32Array(count);
    for (const job of this.#preempted) preemptions[job]!++;
    const outcomes = new Array<SrptOutcome>(count);
    for (let job = 0; job < count; job++) {
      const completion = this.#completion[job]!, firstRun = this.#firstRun[job]!;
      const lastRun = completion - this.#givenAt[job]!;
      // A job without work is given a core for no time: that is no slice. Lists get their length at once, because one
      // that grows takes several times the memory.
      const slices = lastRun > 0 ? new Array<number>(preemptions[job]! + 1).fill(lastRun) : [];
      outcomes[job] = { completion, wait: firstRun - this.#arrivals[job]!, firstRun, preemptions: 0, slices };
    }
    for (let place = 0; place < this.#preempted.length; place++) {
      const outcome = outcomes[this.#preempted[place]!]!;
      outcome.slices[outcome.preemptions++] = this.#runs[place]!;
    }
    return outcomes;
  }

  #nextEvent(): number {
    let next = this.#running.topKey();
    if (this.#arrived < this.#order.length) next = Math.min(next, this.#arrivalOf(this.#arrived));
    if (this.#noticed < this.#arrived) {
      next = Math.min(next, this.#arrivalOf(this.#noticed) + this.#noticeDelay);
    }
    // The end of a minimum run matters only to those who wait for it.
    if (this.#waiting.size > 0 && this.#protectedHead < this.#protectedEnds.length) {
      next = Math.min(next, this.#protectedEnds[this.#protectedHead]!);
    }
    return next;
  }

  #arrivalOf(place: number): number {
    return this.#arrivals[this.#order[place]!]!;
  }

  #admit(now: number): void {
    while (this.#arrived < this.#order.length && this.#arrivalOf(this.#arrived) <= now) {
      const job = this.#order[this.#arrived++]!;
      this.#fresh.push(job, this.#remaining[job]!);
    }
    while (this.#noticed < this.#arrived && this.#arrivalOf(this.#noticed) + this.#noticeDelay <= now) {
      const job = this.#order[this.#noticed++]!;
      if (!this.#fresh.has(job)) continue;
      this.#fresh.remove(job);
      this.#waiting.push(job, this.#remaining[job]!);
    }
  }

  /** Gives a core to the waiting job with least remaining. */
  #give(now: number): void {
    const waiting = this.#waiting.top(), fresh = this.#fresh.top();
    const waitingKey = this.#waiting.topKey(), freshKey = this.#fresh.topKey();
    const takeFresh = freshKey < waitingKey || (freshKey === waitingKey && fresh < waiting);
    const job = takeFresh ? this.#fresh.pop() : this.#waiting.pop();
    if (this.#firstRun[job]! < 0) this.#firstRun[job] = now;
    this.#givenAt[job] = now;
    this.#completion[job] = now + this.#remaining[job]!;
    this.#running.push(job, this.#completion[job]!);
    this.#protectedJobs.push(job);
    this.#protectedEnds.push(now + this.#minRun);
  }

  /** Those whose minimum run is over may be preempted. */
  #unprotect(now: number): void {
    while (
      this.#protectedHead < this.#protectedEnds.length && this.#protectedEnds[this.#protectedHead]! <= now
    ) {
      const job = this.#protectedJobs[this.#protectedHead]!;
      const end = this.#protectedEnds[this.#protectedHead++]!;
      // Entries of runs that are over are left in the queue and skipped here.
      if (
        this.#running.has(job) && this.#givenAt[job]! + this.#minRun === end && !this.#preemptible.has(job)
      ) {
        this.#preemptible.push(job, -this.#completion[job]!);
      }
    }
  }

  #preempt(job: number, now: number): void {
    this.#running.remove(job);
    this.#preemptible.remove(job);
    this.#preempted.push(job);
    this.#runs.push(now - this.#givenAt[job]!);
    this.#remaining[job] = this.#completion[job]! - now;
    this.#waiting.push(job, this.#remaining[job]!);
  }

  #complete(job: number): void {
    this.#running.remove(job);
    this.#preemptible.remove(job);
  }
}

/** Job numbers by arrival, of equal arrivals the earlier in the list first. */
function arrivalOrder(arrivals: Float64Array): Int32Array {
  const order = Int32Array.from(arrivals.keys());
  const sorted = arrivals.every((arrival, job) => job === 0 || arrivals[job - 1]! <= arrival);
  return sorted ? order : order.sort((a, b) => arrivals[a]! - arrivals[b]! || a - b);
}
