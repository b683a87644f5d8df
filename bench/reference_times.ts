/**
 * CPU times of the published mixes' jobs on one machine, for traces that are to be the same on every machine.
 */
import { FLOAT_OPERATIONS_PER_MS } from "../traces/replayable.ts";

/**
 * Milliseconds by job and n, medians measured alone on a virtual machine's core (Intel Xeon) with the host's function
 * programs. floatOperation is not in it: it takes as many operations a millisecond for any n.
 */
const MEASURED_MS: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  fib: { 23: 2.3, 24: 3.6, 25: 5.9, 26: 10, 28: 26, 29: 41, 31: 103, 35: 726, 36: 1218 },
  graphBfs: { 100: 16.5 },
  graphMst: { 8: 10.2, 9: 12.6, 10: 15.1 },
  graphPagerank: { 8: 23.7, 9: 28.7, 10: 29.7 },
  featureExtractor: { 1: 30.5 },
};

/**
 * What an invocation takes on the reference machine, in milliseconds.
 *
 * @throws RangeError for a job and n of no published mix
 */
export function referenceCpuMs(job: string, n: number): number {
  if (job === "floatOperation") return n / FLOAT_OPERATIONS_PER_MS;
  const cpuMs = MEASURED_MS[job]?.[n];
  if (cpuMs === undefined) {
    throw new RangeError(
      `cannot tell the CPU time of job ${JSON.stringify(job)} with n ${n}: it is in no published mix`,
    );
  }
  return cpuMs;
}
