/**
 * What is assumed of a function that has never been seen: that it is like the others were at first.
 */
import { LogHistogram } from "./log_histogram.ts";
import type { RankTable } from "./policy.ts";
import { expectDistribution } from "./predict/gittins.ts";

/** Invocations of each function that count: a function that is invoked often is still only one. */
const COUNTED = 20;

/** Below so many functions, nothing is assumed of others. */
const LEAST_FUNCTIONS = 3;

/**
 * The distribution of the first invocations of all functions. Its Gittins index ranks a function that has never been seen: as
 * one of middling length at first, and behind the longer, the more it has used.
 */
export class Prior {
  readonly #distribution = new LogHistogram();
  #functions = 0;

  /**
   * Takes in a CPU time.
   * @param counted how many of the function's invocations have been counted before
   * @returns how many have been now
   */
  count(cpuNs: number, counted: number): number {
    if (counted >= COUNTED) return counted;
    if (counted === 0) this.#functions++;
    this.#distribution.add(cpuNs, 1 / COUNTED);
    return counted + 1;
  }

  /** Undefined while too few functions are known. */
  table(): RankTable | undefined {
    if (this.#functions < LEAST_FUNCTIONS) return undefined;
    const { table, tailSlope } = expectDistribution(
      this.#distribution,
      Math.exp(this.#distribution.logMean),
    );
    return { table, tailSlope };
  }
}
