/**
 * Latencies, counted in buckets on a logarithmic scale: adding costs a few nanoseconds, and percentiles cost as much for
 * ten values as for ten million, so that both can be done on the event path.
 */

/** Buckets to a power of two: a percentile is at most 3.2 % above the true one (2^(1/22)). */
const PER_OCTAVE = 22;
/** Up to 2^40 ns: 18 minutes. */
const BUCKETS = 40 * PER_OCTAVE;

/** Percentiles of what was added, in nanoseconds. */
export interface LatencySummary {
  count: number;
  p50Ns: number;
  p90Ns: number;
  p99Ns: number;
  p999Ns: number;
  maxNs: number;
}

export class LatencyLog {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #maxNs = 0;

  /** Adds one; what is below a nanosecond counts as one. */
  add(ns: number): void {
    const bucket = ns <= 1 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log2(ns) * PER_OCTAVE));
    this.#counts[bucket]!++;
    this.#count++;
    if (ns > this.#maxNs) this.#maxNs = ns;
  }

  get count(): number {
    return this.#count;
  }

  /** Percentiles by nearest rank, rounded up to their bucket's end; zeros where nothing was added. */
  summary(): LatencySummary {
    const at = (share: number) => {
      let left = Math.ceil(share * this.#count);
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        left -= this.#counts[bucket]!;
        if (left <= 0) return Math.min(this.#maxNs, 2 ** ((bucket + 1) / PER_OCTAVE));
      }
      return this.#maxNs;
    };
    if (this.#count === 0) return { count: 0, p50Ns: 0, p90Ns: 0, p99Ns: 0, p999Ns: 0, maxNs: 0 };
    return {
      count: this.#count,
      p50Ns: at(.5),
      p90Ns: at(.9),
      p99Ns: at(.99),
      p999Ns: at(.999),
      maxNs: this.#maxNs,
    };
  }
}
