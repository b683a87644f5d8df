/** From what a trace says of an invocation to something that a host can run. */
import { MOST_FUNCTION_NUMBER, type TraceRow } from "./alps.ts";
import type { TraceEntry } from "./entry.ts";

/** Iterations of floatOperation that stand for a millisecond of CPU time. */
export const FLOAT_OPERATIONS_PER_MS = 1800;

/** The job whose CPU time is proportional to its argument, so that it can stand for any function. */
const STAND_IN = "floatOperation";

/**
 * Makes rows of the ALPS format, one after the other. An invocation that says what to call it with keeps that; any other
 * becomes `floatOperation-<number>`, the functions numbered as they appear, with an argument for its CPU time.
 */
export class Replayable {
  readonly #numbers = new Map<string, number>();
  #count = 0;

  /** @throws RangeError where there are more functions than the format can tell apart */
  row({ function: name, dueMs, cpuMs = 0, call }: TraceEntry): TraceRow {
    const id = ++this.#count;
    if (call !== undefined) return { id, n: call.n, job: call.job, function: name, dueMs };
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#numbers.size + 1;
      if (number > MOST_FUNCTION_NUMBER) {
        throw new RangeError(
          `it has more than ${MOST_FUNCTION_NUMBER} functions, which the ALPS format cannot tell apart`,
        );
      }
      this.#numbers.set(name, number);
    }
    const n = Math.max(1, Math.round(cpuMs * FLOAT_OPERATIONS_PER_MS));
    return { id, n, job: STAND_IN, function: `${STAND_IN}-${number}`, dueMs };
  }
}
