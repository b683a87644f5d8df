/**
 * What is remembered of a function's CPU times: the latest of them in their order, and how they are distributed. Both forget
 * what no longer holds.
 */
import { LogHistogram } from "./log_histogram.ts";

/** CPU times that are kept in their order, and simulated slices that count: the most recent ones. */
export const SEQUENCE_LENGTH = 100;

/** So many of the latest values must be unusual in one direction for the function to have changed. */
const LATEST = 5;

/** Fewer values before than this say nothing about what is usual. */
const LEAST_BEFORE = 10;

/** Unusual is what only this share of the values before reached, or stayed below of. */
const UNUSUAL_SHARE = 0.05;

/** How much the mean of the latest must be off, too, in logarithms: a factor of 1.5. */
const LEAST_CHANGE = Math.log(1.5);

/** CPU times of one function. */
export class CpuHistory {
  readonly #recent: number[] = [];
  readonly distribution: LogHistogram;

  /** What is known from before: the latest CPU times, oldest first, and all of them. */
  constructor(recent: ArrayLike<number> = [], distribution: LogHistogram = new LogHistogram()) {
    for (let at = Math.max(0, recent.length - SEQUENCE_LENGTH); at < recent.length; at++) {
      this.#recent.push(recent[at]!);
    }
    this.distribution = distribution;
    if (distribution.weight === 0) { for (const each of this.#recent) distribution.add(each); }
  }

  /** The latest, oldest first, at most {@link SEQUENCE_LENGTH}, in nanoseconds. */
  get recent(): readonly number[] {
    return this.#recent;
  }

  /** How many values are behind it, of those that still count: 0 where there are none. */
  get weight(): number {
    return Math.max(this.#recent.length, this.distribution.weight);
  }

  /**
   * Adds a measured CPU time.
   * @returns whether the function seems to have changed: then what was before is forgotten
   */
  add(cpuNs: number): boolean {
    this.#recent.push(cpuNs);
    if (this.#recent.length > SEQUENCE_LENGTH) this.#recent.shift();
    const log = this.distribution.add(cpuNs);
    // Most values are as usual: then the others need not be looked at.
    if (Math.abs(log - this.distribution.logMean) < LEAST_CHANGE / 2) return false;
    if (!this.#hasChanged()) return false;
    this.#recent.splice(0, this.#recent.length - LATEST);
    this.distribution.clear();
    for (const each of this.#recent) this.distribution.add(each);
    return true;
  }

  /** It has not been heard of for long: what is known counts for half. */
  fade(): void {
    this.#recent.splice(0, Math.floor(this.#recent.length / 2));
    this.distribution.scale(0.5);
  }

  /**
   * Whether the latest values are unlike all before. Each must be unusual: the mean would follow one that is very long, and
   * a function with two peaks has several of one kind in a row.
   */
  #hasChanged(): boolean {
    const recent = this.#recent, { weight, logMean } = this.distribution;
    const before = weight - LATEST;
    if (recent.length <= LATEST || before < LEAST_BEFORE) return false;
    let least = Infinity, most = 0, logs = 0;
    for (let at = recent.length - LATEST; at < recent.length; at++) {
      const value = Math.max(1, recent[at]!);
      least = Math.min(least, value);
      most = Math.max(most, value);
      logs += Math.log(value);
    }
    const usual = (logMean * weight - logs) / before;
    if (Math.abs(logs / LATEST - usual) < LEAST_CHANGE) return false;
    const unusual = LATEST + UNUSUAL_SHARE * before;
    return this.distribution.weightFrom(least) <= unusual || this.distribution.weightTo(most) <= unusual;
  }
}
