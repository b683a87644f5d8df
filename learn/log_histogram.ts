/**
 * A histogram with buckets of equal relative width, which forgets slowly.
 */

/** Buckets to a power of two: each is 2.2 % wide. */
const PER_OCTAVE = 32;

/** Where the weight reaches this, all of it is halved: about so many of the latest values count. */
export const MOST_WEIGHT = 2048;

/** Values are counted between these, in nanoseconds: 1 µs and 52 days. */
const LEAST = 1e3, MOST = 4.5e15;

/** Buckets beyond a value that there is room for at first; where it does not do, there is half as much again as was used. */
const MARGIN = 15;

/** Width of a stretch: a factor of 1.24; and how many of them there may be for their width. */
const WIDEST = 10, MOST_BY_WIDTH = 40;

/** So many values are kept as they come before there are buckets: most functions of a machine have few. */
const MOST_PENDING = 32;

const NO_WEIGHTS = new Float32Array(0);

/** A stretch of values, by the natural logarithms of its ends. */
export interface Stretch {
  readonly from: number;
  /** Above `from`. */
  readonly to: number;
  readonly weight: number;
}

function bucketOf(value: number): number {
  return Math.floor(PER_OCTAVE * Math.log2(Math.min(Math.max(value, LEAST), MOST)));
}

/** Natural logarithm of where a bucket begins. */
function logOfEdge(bucket: number): number {
  return bucket * Math.LN2 / PER_OCTAVE;
}

/** Counts positive numbers. */
export class LogHistogram {
  #first = 0;
  /** Weights of the buckets from `#first` on, but for the values of weight 1 whose buckets are in `#pending`. */
  #weights = NO_WEIGHTS;
  #pending: number[] = [];
  #total = 0;
  /** Sums of the weighted logarithms and of their squares. */
  #logs = 0;
  #logSquares = 0;

  /** Sum of the weights. */
  get weight(): number {
    return this.#total;
  }

  /**
   * Counts a value; what is outside of 1 µs to 52 days counts as that. Amortised O(1).
   * @returns the natural logarithm that it counts with
   */
  add(value: number, weight = 1): number {
    const bucket = bucketOf(value);
    if (weight === 1 && this.#weights === NO_WEIGHTS && this.#pending.length < MOST_PENDING) {
      this.#pending.push(bucket);
    } else {
      this.#settle();
      this.#count(bucket, weight);
    }
    this.#total += weight;
    const log = logOfEdge(bucket + 0.5);
    this.#logs += weight * log;
    this.#logSquares += weight * log * log;
    if (this.#total >= MOST_WEIGHT) this.scale(0.5);
    return log;
  }

  /** Has everything so far count for `factor` (0 to 1) of what it did. */
  scale(factor: number): void {
    this.#settle();
    for (let at = 0; at < this.#weights.length; at++) this.#weights[at]! *= factor;
    this.#total *= factor;
    this.#logs *= factor;
    this.#logSquares *= factor;
  }

  clear(): void {
    this.#weights = NO_WEIGHTS;
    this.#pending = [];
    this.#total = this.#logs = this.#logSquares = 0;
  }

  /** Mean of the natural logarithms; 0 where it is empty. */
  get logMean(): number {
    return this.#total > 0 ? this.#logs / this.#total : 0;
  }

  /** Variance of the natural logarithms; 0 where it is empty. */
  get logVariance(): number {
    return this.#total > 0 ? Math.max(0, this.#logSquares / this.#total - this.logMean ** 2) : 0;
  }

  /** Weight of the values as great as this one, to the width of a bucket, or greater. */
  weightFrom(value: number): number {
    this.#settle();
    let sum = 0;
    for (let at = Math.max(0, bucketOf(value) - this.#first); at < this.#weights.length; at++) {
      sum += this.#weights[at]!;
    }
    return sum;
  }

  /** Weight of the values as small as this one, to the width of a bucket, or smaller. */
  weightTo(value: number): number {
    this.#settle();
    let sum = 0;
    for (let at = Math.min(this.#weights.length - 1, bucketOf(value) - this.#first); at >= 0; at--) {
      sum += this.#weights[at]!;
    }
    return sum;
  }

  /**
   * The values in about `most` stretches of equal weight, in order. None reaches over more than `widestGap` buckets without
   * values: two peaks stay two. And none is wider than {@link WIDEST} buckets, unless the values reach very far: a long tail
   * is thin, and its far end thinner.
   */
  stretches(most: number, widestGap: number): Stretch[] {
    this.#settle();
    const span = this.#weights.findLastIndex((each) => each > 0) -
      this.#weights.findIndex((each) => each > 0);
    const widest = Math.max(WIDEST, span / MOST_BY_WIDTH);
    const share = this.#total / most;
    const result: Stretch[] = [];
    let from = -1, last = -1, weight = 0;
    const end = () => {
      if (from >= 0) {
        result.push({
          from: logOfEdge(this.#first + from),
          to: logOfEdge(this.#first + last + 1),
          weight,
        });
      }
      from = -1;
      weight = 0;
    };
    for (let at = 0; at < this.#weights.length; at++) {
      const here = this.#weights[at]!;
      if (here === 0) continue;
      if (from >= 0 && (at - last > widestGap || at - from >= widest)) end();
      if (from < 0) from = at;
      last = at;
      weight += here;
      if (weight >= share) end();
    }
    end();
    return result;
  }

  /** As numbers, for {@link LogHistogram.from}. */
  toNumbers(): Float32Array {
    this.#settle();
    let begin = 0, end = this.#weights.length;
    while (begin < end && this.#weights[begin] === 0) begin++;
    while (end > begin && this.#weights[end - 1] === 0) end--;
    const numbers = new Float32Array(1 + end - begin);
    numbers[0] = this.#first + begin;
    numbers.set(this.#weights.subarray(begin, end), 1);
    return numbers;
  }

  /** What {@link toNumbers} wrote down; numbers that it cannot have written are left out. */
  static from(numbers: ArrayLike<number>): LogHistogram {
    const histogram = new LogHistogram(), first = numbers[0] ?? 0;
    for (let at = 1; at < numbers.length; at++) {
      const weight = numbers[at]!;
      if (weight > 0 && weight <= MOST_WEIGHT) histogram.add(Math.exp(logOfEdge(first + at - 0.5)), weight);
    }
    return histogram;
  }

  /** Gives the values that have no bucket yet theirs. */
  #settle(): void {
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    // The least first: then there is room to grow in one direction only.
    this.#makeRoom(Math.min(...pending));
    for (const bucket of pending) this.#count(bucket, 1);
  }

  #count(bucket: number, weight: number): void {
    this.#makeRoom(bucket);
    this.#weights[bucket - this.#first]! += weight;
  }

  #makeRoom(bucket: number): void {
    const count = this.#weights.length;
    if (count === 0) {
      this.#first = bucket - MARGIN;
      this.#weights = new Float32Array(1 + 2 * MARGIN);
      return;
    }
    const first = this.#first, end = first + count;
    if (bucket >= first && bucket < end) return;
    const margin = Math.max(MARGIN, count >> 1);
    const newFirst = bucket < first ? bucket - margin : first;
    const newEnd = bucket >= end ? bucket + 1 + margin : end;
    const weights = new Float32Array(newEnd - newFirst);
    weights.set(this.#weights, first - newFirst);
    this.#first = newFirst;
    this.#weights = weights;
  }
}
