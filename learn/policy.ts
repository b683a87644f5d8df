/**
 * The policy: what the learner hands to every enforcement backend. Plain data, so that it can cross threads.
 */

/**
 * Attained CPU time → rank, point by point: at even places the CPU time used so far, at odd ones the rank there, both in
 * nanoseconds. The rank of an invocation is linear between two points, and has the constant slope
 * {@link FunctionPolicy.tailSlope} after the last. Lower ranks run first.
 *
 * The first point is at 0, attained times are strictly increasing, and ranks, which are (effective) remaining work, are
 * never negative. Plain numbers, because tables of tens of thousands of functions are kept in three threads: an object
 * for each point would take four times the memory.
 */
export type RankPoints = readonly number[];

/** Most points that a rank table may have: what every backend can hold per function. */
export const MAX_RANK_POINTS = 8;

/** What orders a function's invocations. */
export interface RankTable {
  /** 1 to {@link MAX_RANK_POINTS} points. */
  readonly table: RankPoints;
  /** Nanoseconds of rank per nanosecond of CPU time used beyond the table's last point. Never negative. */
  readonly tailSlope: number;
}

/** What is known about one function. */
export interface FunctionPolicy extends RankTable {
  readonly functionId: number;
  /** 1 runs first: the function's place in the order of predicted slices (ALPS's rule). */
  readonly priority: number;
  /** The fine-tuned time slice, in nanoseconds. */
  readonly sliceNs: number;
  /** What the predictor expects the next invocation's CPU time to be, in nanoseconds. */
  readonly predictedCpuNs: number;
}

/** One epoch's result. */
export interface Policy {
  /** Counts up from 1 with each policy. */
  readonly epoch: number;
  /** The predictor that made it: `avg`, `LR`, … */
  readonly ml: string;
  /** Mean utilisation of all CPUs over the epoch, in percent (0 to 100). */
  readonly cpuUtilization: number;
  /** In order of priority. */
  readonly functions: readonly FunctionPolicy[];
  /** What orders invocations of functions of which nothing is known; undefined where that is so of most. */
  readonly prior: RankTable | undefined;
}
