/** Whether runs were on the same machine, as far as its speed is concerned. */
import type { Measured } from "./summary.ts";

/**
 * By how much the CPU time of the same invocations differs between runs: the most over the least, in percent above 0.
 * Invocations that failed in any run are left out.
 *
 * @param runs the same invocations in the same order in each
 */
export function driftPercent(runs: readonly (readonly Measured[])[]): number {
  const whole = (index: number) => runs.every((run) => !run[index]!.failed);
  const totals = runs.map((run) =>
    run.reduce((sum, { cpuMs }, index) => whole(index) ? sum + cpuMs : sum, 0)
  );
  const least = Math.min(...totals);
  return least > 0 ? 100 * (Math.max(...totals) / least - 1) : 0;
}
