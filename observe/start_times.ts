/** When tasks started: what tells a task from a later one that has got the same id. */

import { parseStat } from "./proc.ts";

/** A power of two: so many tasks are remembered. */
const PLACES = 1 << 15;

/**
 * Start times in clock ticks since the machine's start, suspend included, as `/proc/TID/stat` shows them. They come with
 * the kernel's events; one that was lost, or pushed out by another task, is read from /proc. The wall clock has no part
 * in it.
 */
export class StartTimes {
  readonly #tids = new Int32Array(PLACES);
  readonly #ticks = new Float64Array(PLACES);

  /** @param read reads it from /proc; undefined where there is no such task */
  constructor(readonly read: (tid: number) => number | undefined = readStartTicks) {}

  /** The kernel has told of a task. */
  note(tid: number, ticks: number): void {
    const at = tid & (PLACES - 1);
    this.#tids[at] = tid;
    this.#ticks[at] = ticks;
  }

  /** The task has ended: its id may be another's soon. */
  forget(tid: number): void {
    const at = tid & (PLACES - 1);
    if (this.#tids[at] === tid) this.#tids[at] = 0;
  }

  /** Start time of a task; undefined where it is gone. */
  of(tid: number): number | undefined {
    const at = tid & (PLACES - 1);
    if (this.#tids[at] === tid) return this.#ticks[at];
    const ticks = this.read(tid);
    if (ticks !== undefined) this.note(tid, ticks);
    return ticks;
  }
}

/** Start time of a task from /proc, in clock ticks; undefined where it is gone. */
export function readStartTicks(tid: number): number | undefined {
  try {
    return parseStat(Deno.readTextFileSync(`/proc/${tid}/stat`))?.startTimeTicks;
  } catch {
    return undefined;
  }
}
