/** Invocations of a trace that is not in the order of their due times, kept in little memory. */
import type { TraceEntry } from "./entry.ts";

const FIRST_CAPACITY = 1024;

/**
 * Takes 20 bytes an invocation, besides each function's name: a fraction of the line that it was read from. (As objects
 * they would take several times the file.)
 */
export class EntryStore {
  #starts = new Float64Array(FIRST_CAPACITY);
  #cpu = new Float64Array(FIRST_CAPACITY);
  #functions = new Uint32Array(FIRST_CAPACITY);
  #count = 0;
  #ordered = true;
  readonly #names: string[] = [];
  readonly #places = new Map<string, number>();

  /** @param startMs on any clock, the same for all */
  add(functionName: string, startMs: number, cpuMs: number): void {
    if (this.#count === this.#starts.length) this.#grow();
    let place = this.#places.get(functionName);
    if (place === undefined) {
      place = this.#names.length;
      this.#names.push(functionName);
      this.#places.set(functionName, place);
    }
    if (this.#count > 0 && startMs < this.#starts[this.#count - 1]!) this.#ordered = false;
    this.#starts[this.#count] = startMs;
    this.#cpu[this.#count] = cpuMs;
    this.#functions[this.#count++] = place;
  }

  /** All of them by start, those of one instant as they were added. The first one is due at 0. */
  *inOrder(): Generator<TraceEntry> {
    const order = new Uint32Array(this.#count).map((_, index) => index);
    const starts = this.#starts;
    if (!this.#ordered) order.sort((a, b) => starts[a]! - starts[b]! || a - b);
    for (const index of order) {
      yield {
        function: this.#names[this.#functions[index]!]!,
        // Whole microseconds: the difference of two large numbers has noise below.
        dueMs: Math.round((starts[index]! - starts[order[0]!]!) * 1000) / 1000,
        cpuMs: this.#cpu[index]!,
      };
    }
  }

  #grow(): void {
    const capacity = this.#starts.length * 2;
    const longer = <T extends Float64Array | Uint32Array>(old: T, made: T): T => {
      made.set(old);
      return made;
    };
    this.#starts = longer(this.#starts, new Float64Array(capacity));
    this.#cpu = longer(this.#cpu, new Float64Array(capacity));
    this.#functions = longer(this.#functions, new Uint32Array(capacity));
  }
}
