/** The invocations of the last minutes as numbers, for simulating them: 32 bytes each. */

import type { Invocation } from "../observe/invocation.ts";
import type { RunInvocations } from "../simulate/whatif.ts";

/** Most of them: ten minutes at 400 a second, 8 MB. */
export const MOST_RUNS = 1 << 18;

const FIRST_CAPACITY = 1 << 10;

/** Lists of these. */
type Columns = { -readonly [K in keyof RunInvocations]: Float64Array };

function columns(capacity: number): Columns {
  return {
    functionIds: new Float64Array(capacity),
    startNs: new Float64Array(capacity),
    endNs: new Float64Array(capacity),
    cpuNs: new Float64Array(capacity),
  };
}

/** A ring of the latest. */
export class RecentRuns {
  #columns = columns(FIRST_CAPACITY);
  #next = 0;
  #count = 0;

  /** Takes them in the order of their ends. */
  add(invocations: readonly Invocation[]): void {
    for (const { functionId, startNs, endNs, cpuNs } of invocations) {
      if (this.#count === this.#columns.endNs.length && this.#count < MOST_RUNS) this.#grow();
      const at = this.#next;
      this.#columns.functionIds[at] = functionId;
      this.#columns.startNs[at] = startNs;
      this.#columns.endNs[at] = endNs;
      this.#columns.cpuNs[at] = cpuNs;
      this.#next = (at + 1) % this.#columns.endNs.length;
      this.#count = Math.min(this.#count + 1, this.#columns.endNs.length);
    }
  }

  /** Copies of those that ended after a time, oldest first. */
  since(ns: number): RunInvocations {
    const { endNs } = this.#columns, capacity = endNs.length;
    let count = 0;
    while (count < this.#count && endNs[(this.#next - count - 1 + capacity) % capacity]! > ns) count++;
    const copy = (column: Float64Array) =>
      Float64Array.from({ length: count }, (_, i) => column[(this.#next - count + i + capacity) % capacity]!);
    const { functionIds, startNs, cpuNs } = this.#columns;
    return {
      functionIds: copy(functionIds),
      startNs: copy(startNs),
      endNs: copy(endNs),
      cpuNs: copy(cpuNs),
    };
  }

  /** The oldest is at 0, as nothing has been overwritten yet. */
  #grow(): void {
    const larger = columns(2 * this.#count);
    for (const name of Object.keys(larger) as (keyof Columns)[]) larger[name].set(this.#columns[name]);
    this.#columns = larger;
    this.#next = this.#count;
  }
}
