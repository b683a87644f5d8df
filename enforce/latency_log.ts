/** Latencies as they were measured, for percentiles: a bounded reservoir, so that it costs nothing to leave on. */

const CAPACITY = 1 << 16;

/** Percentiles of what was added, in nanoseconds. */
export interface LatencySummary {
  count: number;
  p50Ns: number;
  p90Ns: number;
  p99Ns: number;
  maxNs: number;
}

/** Keeps the latest 65 536 values. */
export class LatencyLog {
  readonly #values = new Float64Array(CAPACITY);
  #count = 0;

  add(ns: number): void {
    this.#values[this.#count++ % CAPACITY] = ns;
  }

  get count(): number {
    return this.#count;
  }

  /** Starts anew. */
  clear(): void {
    this.#count = 0;
  }

  /** Percentiles by nearest rank; zeros where nothing was added. */
  summary(): LatencySummary {
    const sorted = this.#values.slice(0, Math.min(this.#count, CAPACITY)).sort();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return { count: this.#count, p50Ns: at(.5), p90Ns: at(.9), p99Ns: at(.99), maxNs: at(1) };
  }
}
