/** Generated workloads, in whole nanoseconds, so that sums are exact. */
import fc from "fast-check";
import { makeWorkload, type Workload } from "../../simulate/workload.ts";

const MS = 1e6;

/** Bursts and gaps, jobs without work, few functions or many, all alike or not. */
export const anyWorkload: fc.Arbitrary<Workload> = fc.array(
  fc.record({
    function: fc.constantFrom("a", "b", "c", "long"),
    gap: fc.oneof(fc.constant(0), fc.nat({ max: 30 * MS }), fc.constant(4000 * MS)),
    cpuNs: fc.oneof(fc.constantFrom(0, 1, 5 * MS, 100 * MS), fc.nat({ max: 400 * MS })),
  }),
  { maxLength: 60 },
).map((rows) => {
  let arrivalNs = 0;
  return makeWorkload(
    rows.map(({ gap, ...row }) => ({ ...row, arrivalNs: arrivalNs += gap })),
  );
});

/** Mean turnaround in nanoseconds, 0 of none. */
export function meanTurnaround({ arrivalNs }: Workload, completionNs: ArrayLike<number>): number {
  let sum = 0;
  for (let job = 0; job < arrivalNs.length; job++) sum += completionNs[job]! - arrivalNs[job]!;
  return sum / Math.max(arrivalNs.length, 1);
}

/** A workload of `[arrivalMs, cpuMs, function]`. */
export function workloadOf(...rows: readonly (readonly [number, number, string?])[]): Workload {
  return makeWorkload(
    rows.map(([arrivalMs, cpuMs, name = "f"]) => ({
      function: name,
      arrivalNs: arrivalMs * MS,
      cpuNs: cpuMs * MS,
    })),
  );
}
