/**
 * Step 4 of ALPS's loop: the order of the functions.
 */

/** What functions are ordered by. */
export interface Ranked {
  readonly functionId: number;
  /** The predicted slice before fine-tuning, in nanoseconds, as far as it differs from the last one by more than noise. */
  readonly rankedSliceNs: number;
  readonly predictedCpuNs: number;
}

/**
 * Orders functions by predicted slice, shortest first; of equal slices the one with less predicted CPU time, then the
 * lower id. The first one has priority 1.
 *
 * @returns a new list
 */
export function rankFunctions<T extends Ranked>(functions: Iterable<T>): T[] {
  return [...functions].sort((a, b) =>
    a.rankedSliceNs - b.rankedSliceNs || a.predictedCpuNs - b.predictedCpuNs ||
    a.functionId - b.functionId
  );
}
