/**
 * Keeps a thread's JavaScript heap small. The runtime sizes its heaps by the machine's memory: an agent that runs beside
 * functions for weeks would leave hundreds of megabytes of garbage lying before it looks at them for the first time.
 */
import { Session } from "node:inspector";

/**
 * How the agent's process is started: what is new in a heap has a megabyte, then what is still in use is copied. By default it
 * may have 32: copying so much keeps the event thread from its events for 10 ms and more, and each thread holds several
 * times that. It cannot be set later. More: the learning thread copies less often, and each time for longer.
 */
export const HEAP_OPTIONS: readonly string[] = ["--v8-flags=--max-semi-space-size=1"];

/** A heap below this is left alone, in bytes. */
const LEAST_BYTES = 20 * 2 ** 20;

/** How much larger than what is in use a heap may become. Less: less memory, more pauses. */
const GROWTH = 1.5;

/** It is looked at so often at most, in milliseconds. */
const LOOK_EVERY_MS = 250;

/** A heap and what it holds outside of it, in bytes. */
export interface HeapSize {
  readonly heapTotal: number;
  readonly external: number;
}

/** How heaps are measured and collected; replaced in tests. */
export interface Heap {
  nowMs(): number;
  size(): HeapSize;
  /** Collects garbage soon after, then calls `done`; a pause of some milliseconds per ten megabytes that are in use. */
  collect(done: () => void): void;
}

/** Collects a thread's garbage when its heap has become half as large again as it was after the last time. */
export class HeapKeeper {
  #lookAtMs = 0;
  #limitBytes = LEAST_BYTES;
  #collecting = false;

  constructor(readonly heap: Heap = inspectedHeap) {}

  /** Whether a collection has been asked for that is not over: it comes when the thread next waits for something. */
  get collecting(): boolean {
    return this.#collecting;
  }

  /** To be called whenever the thread has done something that makes garbage: costs next to nothing. */
  look(): void {
    const nowMs = this.heap.nowMs();
    if (nowMs < this.#lookAtMs || this.#collecting) return;
    this.#lookAtMs = nowMs + LOOK_EVERY_MS;
    if (this.#bytes() <= this.#limitBytes) return;
    this.#collecting = true;
    this.heap.collect(() => {
      this.#collecting = false;
      // What is left is in use.
      this.#limitBytes = Math.max(LEAST_BYTES, GROWTH * this.#bytes());
    });
  }

  #bytes(): number {
    const { heapTotal, external } = this.heap.size();
    return heapTotal + external;
  }
}

/** Through the runtime's own inspector, within the process: nothing listens anywhere. */
const inspectedHeap: Heap = {
  nowMs: () => performance.now(),
  size: () => Deno.memoryUsage(),
  collect(done) {
    const session = new Session();
    session.connect();
    session.post("HeapProfiler.collectGarbage", () => {
      session.disconnect();
      done();
    });
  },
};
