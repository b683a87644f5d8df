/** The rank of an invocation: what decides who runs. Lower runs first. Pure: no kernel here. */

import type { RankTable } from "../learn/policy.ts";
import { AGE_DIVISOR, attainedWhereRankExceeds, rankAt } from "../learn/table.ts";
import type { Orders } from "./enforcer.ts";

/** How often ranks of functions without a policy are looked at while they run. */
const COLD_NS = 4_000_000;

/** Functions without a policy that are remembered at most: new ones push out those seen first. */
const MOST_COLD = 4096;

/** Invocations of a function until the first policy knows it, in nanoseconds. */
interface ColdFunction {
  completed: number;
  meanCpuNs: number;
  /** The most that any of its invocations in progress has used. */
  mostAttainedNs: number;
}

/** A rank without its age: nanoseconds of effective remaining work. */
export function remainingOf(rank: number, startNs: number): number {
  return rank - startNs / AGE_DIVISOR;
}

/** Ranks by the orders in force, and by what little is known of functions that they do not cover yet. */
export class Ranking {
  readonly #functions = new Map<number, RankTable>();
  #pinned = new Map<number, number>();
  readonly #cold = new Map<number, ColdFunction>();
  #prior: RankTable | undefined;

  setOrders({ changed, removed, pinned, prior }: Orders): void {
    this.#prior = prior;
    for (const id of removed) this.#functions.delete(id);
    for (const each of changed) {
      this.#functions.set(each.functionId, { table: each.table, tailSlope: each.tailSlope });
      this.#cold.delete(each.functionId);
    }
    this.#pinned = new Map(pinned);
  }

  /** An invocation ended: functions without a policy are ranked by the mean of what has been seen. */
  learn(functionId: number, cpuNs: number): void {
    if (this.#functions.has(functionId)) return;
    const cold = this.#coldOf(functionId);
    cold.completed++;
    cold.meanCpuNs += (cpuNs - cold.meanCpuNs) / cold.completed;
    cold.mostAttainedNs = 0;
  }

  /** Tells how far an invocation has come, before ranks are asked for: matters for functions without a policy only. */
  note(functionId: number, attainedNs: number): void {
    if (this.#functions.has(functionId)) return;
    const cold = this.#coldOf(functionId);
    if (attainedNs > cold.mostAttainedNs) cold.mostAttainedNs = attainedNs;
  }

  /**
   * @param attainedNs CPU time used so far
   * @param startNs when the invocation began: of two that are otherwise alike, the older runs first
   */
  rank(functionId: number, attainedNs: number, startNs: number): number {
    const rank = this.#pinned.get(functionId) ?? this.#remaining(functionId, attainedNs);
    return rank + startNs / AGE_DIVISOR;
  }

  /**
   * CPU time after which the invocation's rank passes `rankNs` (its age counted in), in nanoseconds: when it may have to
   * give way. Infinity where it never does; a few milliseconds for functions without a policy, whose rank depends on the
   * others.
   */
  untilAbove(functionId: number, attainedNs: number, startNs: number, rankNs: number): number {
    if (this.#pinned.has(functionId)) return Infinity;
    const known = this.#functions.get(functionId);
    if (!known) return COLD_NS;
    return attainedWhereRankExceeds(known, attainedNs, rankNs - startNs / AGE_DIVISOR) - attainedNs;
  }

  #remaining(functionId: number, attainedNs: number): number {
    const known = this.#functions.get(functionId);
    if (known) return rankAt(known.table, known.tailSlope, attainedNs);
    const cold = this.#coldOf(functionId);
    if (cold.completed === 0) {
      if (this.#prior) return rankAt(this.#prior.table, this.#prior.tailSlope, attainedNs);
      // Nothing is known, of other functions either: the one that has come furthest goes first, so that one completes soon and something is
      // learned. Least attained first would make them share the CPU, and none would end for a long time.
      return Math.max(2 * cold.mostAttainedNs - attainedNs, 0);
    }
    const left = cold.meanCpuNs - attainedNs;
    return left >= 0 ? left : Math.min(-4 * left, attainedNs);
  }

  #coldOf(functionId: number): ColdFunction {
    let cold = this.#cold.get(functionId);
    if (!cold) {
      const [first] = this.#cold.keys();
      if (this.#cold.size >= MOST_COLD && first !== undefined) this.#cold.delete(first);
      this.#cold.set(functionId, cold = { completed: 0, meanCpuNs: 0, mostAttainedNs: 0 });
    }
    return cold;
  }
}
