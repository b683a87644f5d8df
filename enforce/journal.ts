/** The journal of changes in memory that outlives the agent: writing and reading it. */

import type { SchedAttr } from "../ffi/libc.ts";
import type { CgroupChange, ChangeJournal } from "./change_journal.ts";
import { JOURNAL, JournalLayout, type MoveRecord, type TaskRecord } from "./journal_layout.ts";

/** Records that are in force. */
export interface JournalRecords {
  readonly tasks: readonly TaskRecord[];
  readonly moves: readonly MoveRecord[];
  /** What was changed last comes first. */
  readonly cgroups: readonly CgroupChange[];
}

/** The handle of the one move that may be under way. */
const MOVE_HANDLE = JOURNAL.tasks + JOURNAL.cgroups;

/** Places for records, the lowest ones used again first, so that few pages are touched. */
class Places {
  readonly #free: number[] = [];
  #used = 0;

  constructor(readonly count: number) {}

  /** A free place, or -1. */
  take(): number {
    return this.#free.pop() ?? (this.#used < this.count ? this.#used++ : -1);
  }

  /** The first ones are taken already. */
  skip(count: number): void {
    this.#used = count;
  }

  give(place: number): void {
    this.#free.push(place);
  }
}

/**
 * Writes changes into a journal's memory. Cheap enough for the event thread: no system call, nothing is allocated for a
 * task. Beyond 65 536 tasks and 2 048 cgroups at once nothing more is recorded.
 */
export class Journal implements ChangeJournal {
  readonly #layout: JournalLayout;
  readonly #tasks = new Places(JOURNAL.tasks);
  readonly #cgroups = new Places(JOURNAL.cgroups);
  #order = 0;

  /**
   * @param memory all zeros, or a journal whose records are to stay as they are
   * @param startTicks start time of a task; undefined where it is gone
   */
  constructor(
    memory: ArrayBuffer,
    bootId: string,
    readonly startTicks: (tid: number) => number | undefined,
  ) {
    this.#layout = new JournalLayout(memory, bootId);
  }

  /** Makes zeros a journal, with what another one held. */
  begin({ tasks, moves, cgroups }: JournalRecords): void {
    this.#layout.writeHeader({ tasks: tasks.length, cgroups: cgroups.length });
    for (const task of tasks) this.#layout.writeTask(this.#tasks.take(), task);
    for (const move of moves) this.#layout.writeMove(move);
    for (const change of cgroups.toReversed()) this.beforeCgroup(change);
  }

  /** Goes on with a journal that has just been begun, beside the records that were taken over. */
  resume(): void {
    const { tasks, cgroups } = this.#layout.kept();
    this.#tasks.skip(tasks);
    this.#cgroups.skip(cgroups);
    this.#order = cgroups;
  }

  beforeTask(tid: number, before: SchedAttr, ours: SchedAttr): number {
    const startTicks = this.startTicks(tid);
    if (startTicks === undefined) return -1;
    const place = this.#tasks.take();
    if (place >= 0) this.#layout.writeTask(place, { tid, startTicks, before, ours });
    return place;
  }

  beforeMove(tid: number, mask: Uint8Array, cpu: number): number {
    const startTicks = this.startTicks(tid);
    if (startTicks === undefined) return -1;
    this.#layout.writeMove({ tid, startTicks, mask: mask.slice(), cpu });
    return MOVE_HANDLE;
  }

  beforeCgroup(change: CgroupChange): number {
    const place = this.#cgroups.take();
    if (place < 0) return -1;
    if (this.#layout.writeCgroup(place, change, ++this.#order)) return JOURNAL.tasks + place;
    this.#cgroups.give(place);
    return -1;
  }

  done(handle: number): void {
    if (handle < 0) return;
    if (handle === MOVE_HANDLE) return this.#layout.freeMove();
    if (handle < JOURNAL.tasks) {
      this.#layout.freeTask(handle);
      return this.#tasks.give(handle);
    }
    this.#layout.freeCgroup(handle - JOURNAL.tasks);
    this.#cgroups.give(handle - JOURNAL.tasks);
  }
}

/** What a journal holds, and what is wrong with it. */
export interface JournalContents extends JournalRecords {
  /** It is an earlier run's of the machine: nothing of it is in force, no record is returned. */
  readonly otherBoot: boolean;
  /** Its header cannot be read. Whole records are returned all the same. */
  readonly headerDamaged: boolean;
  /** Records that cannot be read. */
  readonly damaged: number;
}

/** Reads a journal, however much of it there is. Never throws. */
export function readJournal(bytes: Uint8Array, bootId: string): JournalContents {
  const memory = new Uint8Array(JOURNAL.bytes);
  memory.set(bytes.subarray(0, JOURNAL.bytes));
  const layout = new JournalLayout(memory.buffer, bootId);
  const header = layout.header();
  if (header === "other boot") {
    return { tasks: [], moves: [], cgroups: [], otherBoot: true, headerDamaged: false, damaged: 0 };
  }
  let damaged = 0;
  const all = <T extends object>(count: number, read: (place: number) => T | "free" | "damaged"): T[] => {
    const records: T[] = [];
    for (let place = 0; place < count; place++) {
      const found = read(place);
      if (found === "damaged") damaged++;
      else if (found !== "free") records.push(found);
    }
    return records;
  };
  const tasks = all(JOURNAL.tasks, (place) => layout.task(place));
  const moves = all(1, () => layout.move());
  const cgroups = all(JOURNAL.cgroups, (place) => layout.cgroup(place))
    .sort((a, b) => b.order - a.order)
    .map(({ order: _, ...change }) => change);
  return { tasks, moves, cgroups, otherBoot: false, headerDamaged: header === "damaged", damaged };
}
