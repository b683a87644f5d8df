/**
 * Cores that are shared ideally: every job runs at one rate, in portions without size.
 */
import { MinHeap } from "./heap.ts";

/**
 * Jobs that share a number of cores, which may change: of n jobs each runs at the rate min(1, cores / n). Because all
 * run at one rate, a job is done when a clock that runs at this rate has advanced by what the job needs: a heap by the
 * clock's value at its end is all that there is to keep.
 */
export class FairShare {
  readonly #heap = new MinHeap();
  #cores: number;
  /** The clock, and when it had this value. */
  #clockNs = 0;
  #nowNs = 0;

  constructor(cores: number) {
    this.#cores = cores;
  }

  get size(): number {
    return this.#heap.size;
  }

  /** When the first job ends if nothing changes before; Infinity where none does. */
  nextCompletionNs(): number {
    const rate = this.#rate();
    if (this.#heap.size === 0 || rate === 0) return Infinity;
    return this.#nowNs + Math.max(0, this.#heap.topKey() - this.#clockNs) / rate;
  }

  /** Moves on to a time that is not after the next completion. */
  advance(nowNs: number): void {
    // From 0 where nobody is left: small numbers are more exact.
    if (this.#heap.size === 0) this.#clockNs = 0;
    else this.#clockNs += (nowNs - this.#nowNs) * this.#rate();
    this.#nowNs = nowNs;
  }

  setCores(cores: number): void {
    this.#cores = cores;
  }

  add(job: number, cpuNs: number): void {
    this.#heap.push(job, this.#clockNs + cpuNs);
  }

  /** Takes out the job that ends first, at its end. */
  complete(): number {
    this.#clockNs = Math.max(this.#clockNs, this.#heap.topKey());
    return this.#heap.pop();
  }

  #rate(): number {
    return this.#heap.size > this.#cores ? this.#cores / this.#heap.size : 1;
  }
}
