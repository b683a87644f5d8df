/**
 * The oracle: the bound that no policy passes.
 */
import { simulateSrpt } from "../learn/simulate.ts";
import type { Measured } from "./summary.ts";

/**
 * SRPT with known sizes, simulated on as many cores over the same due times, each invocation taking the least CPU time
 * that was measured for it over the compared runs (in which it did not fail).
 *
 * @param runs the compared runs: the same invocations in the same order in each
 * @returns the oracle's run, in the same order; an invocation that failed in all runs fails here too
 * @throws RangeError where the runs are not of the same invocations, or there is none
 */
export function oracleRun(runs: readonly (readonly Measured[])[], cores: number): Measured[] {
  const first = runs[0];
  if (first === undefined) throw new RangeError("cannot compute the oracle of 0 runs: must be at least 1");
  for (const [number, run] of runs.entries()) {
    if (run.length !== first.length) {
      throw new RangeError(
        `cannot compute the oracle: run ${
          number + 1
        } has ${run.length} invocations, must have ${first.length} as run 1`,
      );
    }
    run.forEach((row, index) => {
      const wanted = first[index]!;
      if (row.function !== wanted.function || row.dueMs !== wanted.dueMs) {
        throw new RangeError(
          `cannot compute the oracle: invocation ${index + 1} of run ${
            number + 1
          } is of ${row.function} due at ` +
            `${row.dueMs} ms, must be of ${wanted.function} due at ${wanted.dueMs} ms as in run 1`,
        );
      }
    });
  }
  const leastCpuMs = first.map((_, index) =>
    runs.reduce((least, run) => run[index]!.failed ? least : Math.min(least, run[index]!.cpuMs), Infinity)
  );
  const outcomes = simulateSrpt(
    first.map(({ dueMs }, index) => {
      const cpuMs = leastCpuMs[index]!;
      return { arrival: dueMs, cpu: cpuMs === Infinity ? 0 : cpuMs };
    }),
    { cores },
  );
  return first.map(({ function: name, dueMs }, index) => {
    const { completion, firstRun } = outcomes[index]!;
    const failed = leastCpuMs[index] === Infinity;
    return {
      function: name,
      dueMs,
      endMs: completion,
      cpuMs: failed ? 0 : leastCpuMs[index]!,
      executionMs: completion - firstRun,
      failed,
    };
  });
}
