/**
 * The journal's bytes. A header of one page, then records of fixed size: tasks, cgroups. A record's first word is 0 while
 * its place is free, and is written last; its last or second word is a checksum that the machine's boot is part of, so
 * that a record stands for itself: what was written before the latest start of the machine, cut off or overwritten is
 * told from what is true.
 */

import type { SchedAttr } from "../ffi/libc.ts";
import type { CgroupChange } from "./change_journal.ts";

const PAGE = 4096;

/** Sizes in bytes, and how many records there is room for. */
export const JOURNAL = {
  headerBytes: PAGE,
  tasks: 1 << 16,
  taskBytes: 32,
  cgroups: 1 << 11,
  cgroupBytes: 1024,
  bytes: PAGE + (1 << 16) * 32 + (1 << 11) * 1024,
} as const;

/**
 * Words of the header: `ALPSJRNL`, version, boot, how many records were taken over into the first places, a checksum; then
 * the one move that may be under way.
 */
const MAGIC = [0x53504c41, 0x4c4e524a], VERSION = 1;
const BOOT_WORD = 3, BOOT_BYTES = 36, KEPT_WORD = BOOT_WORD + BOOT_BYTES / 4, HEADER_SUM_WORD = KEPT_WORD + 2;
const MOVE_WORD = 64, MASK_BYTES = 128;
const TASKS_WORD = JOURNAL.headerBytes / 4, TASK_WORDS = JOURNAL.taskBytes / 4;
const CGROUPS_WORD = TASKS_WORD + JOURNAL.tasks * TASK_WORDS, CGROUP_WORDS = JOURNAL.cgroupBytes / 4;

const KIND_TASK = 1, KIND_CGROUP = 2, KIND_MOVE = 3;

const encoder = new TextEncoder(), decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** A task's attributes were to be changed. */
export interface TaskRecord {
  readonly tid: number;
  /** Clock ticks since the machine's start. */
  readonly startTicks: number;
  readonly before: SchedAttr;
  readonly ours: { readonly policy: number; readonly nice: number };
}

/** A task was to be allowed one CPU only. */
export interface MoveRecord {
  readonly tid: number;
  readonly startTicks: number;
  readonly mask: Uint8Array<ArrayBuffer>;
  readonly cpu: number;
}

/** What can be said of a place: nothing is recorded there, a record, or bytes that are none. */
export type Found<T> = T | "free" | "damaged";

/** A journal's memory, read and written record by record. */
export class JournalLayout {
  readonly #words: Uint32Array;
  readonly #floats: Float64Array;
  readonly #longs: BigUint64Array;
  readonly #bytes: Uint8Array;
  readonly #seed: number;

  /**
   * @param memory of {@link JOURNAL.bytes}
   * @param bootId of the machine's present run: /proc/sys/kernel/random/boot_id
   */
  constructor(memory: ArrayBuffer, readonly bootId: string) {
    this.#words = new Uint32Array(memory);
    this.#floats = new Float64Array(memory);
    this.#longs = new BigUint64Array(memory);
    this.#bytes = new Uint8Array(memory);
    const boot = new Uint32Array(BOOT_BYTES / 4);
    encoder.encodeInto(bootId, new Uint8Array(boot.buffer));
    this.#seed = sum(boot, 0, boot.length, 0);
  }

  /** Writes the header of a new journal, whose memory is all zeros but for records taken over, in the first places. */
  writeHeader(kept: { tasks: number; cgroups: number }): void {
    this.#words.set([...MAGIC, VERSION], 0);
    encoder.encodeInto(this.bootId, this.#bytes.subarray(4 * BOOT_WORD, 4 * BOOT_WORD + BOOT_BYTES));
    this.#words.set([kept.tasks, kept.cgroups], KEPT_WORD);
    this.#words[HEADER_SUM_WORD] = this.#sum(0, HEADER_SUM_WORD);
  }

  /** Whose journal it is: this run's of the machine, an earlier one's, or there is no whole header. */
  header(): "this boot" | "other boot" | "damaged" {
    const known = this.#words[0] === MAGIC[0] && this.#words[1] === MAGIC[1] && this.#words[2] === VERSION;
    const seed = sum(this.#words, BOOT_WORD, KEPT_WORD, 0);
    if (!known || this.#words[HEADER_SUM_WORD] !== sum(this.#words, 0, HEADER_SUM_WORD, seed)) {
      return "damaged";
    }
    return seed === this.#seed ? "this boot" : "other boot";
  }

  /** How many records were taken over. */
  kept(): { tasks: number; cgroups: number } {
    return { tasks: this.#words[KEPT_WORD]!, cgroups: this.#words[KEPT_WORD + 1]! };
  }

  writeTask(place: number, { tid, startTicks, before, ours }: TaskRecord): void {
    const at = TASKS_WORD + place * TASK_WORDS, words = this.#words;
    words[at + 1] = tid;
    this.#floats[(at + 2) / 2] = startTicks;
    this.#longs[(at + 4) / 2] = before.runtimeNs;
    words[at + 6] = (ours.policy & 0xff) | (ours.nice & 0xff) << 8;
    const first = KIND_TASK | (before.policy & 0xff) << 8 | (before.nice & 0xff) << 16 |
      Number(before.flags) << 24;
    words[at + 7] = this.#sum(at + 1, at + 7, first);
    words[at] = first;
  }

  task(place: number): Found<TaskRecord> {
    const at = TASKS_WORD + place * TASK_WORDS, words = this.#words, first = words[at]!;
    if (first === 0) return "free";
    if (words[at + 7] !== this.#sum(at + 1, at + 7, first) || (first & 0xff) !== KIND_TASK) return "damaged";
    return {
      tid: words[at + 1]!,
      startTicks: this.#floats[(at + 2) / 2]!,
      before: {
        policy: first >>> 8 & 0xff,
        nice: first << 8 >> 24,
        flags: BigInt(first >>> 24),
        priority: 0,
        runtimeNs: this.#longs[(at + 4) / 2]!,
      },
      ours: { policy: words[at + 6]! & 0xff, nice: words[at + 6]! << 16 >> 24 },
    };
  }

  freeTask(place: number): void {
    this.#words[TASKS_WORD + place * TASK_WORDS] = 0;
  }

  writeMove({ tid, startTicks, mask, cpu }: MoveRecord): void {
    const at = MOVE_WORD, words = this.#words, text = 4 * (at + 6);
    words[at + 1] = tid;
    this.#floats[(at + 2) / 2] = startTicks;
    words[at + 4] = mask.length;
    words[at + 5] = cpu;
    this.#bytes.fill(0, text, text + MASK_BYTES);
    this.#bytes.set(mask, text);
    const end = at + 6 + MASK_BYTES / 4;
    words[end] = this.#sum(at + 1, end, KIND_MOVE);
    words[at] = KIND_MOVE;
  }

  move(): Found<MoveRecord> {
    const at = MOVE_WORD, words = this.#words, end = at + 6 + MASK_BYTES / 4, bytes = words[at + 4]!;
    if (words[at] === 0) return "free";
    if (words[at] !== KIND_MOVE || words[end] !== this.#sum(at + 1, end, KIND_MOVE)) return "damaged";
    return {
      tid: words[at + 1]!,
      startTicks: this.#floats[(at + 2) / 2]!,
      mask: this.#bytes.slice(4 * (at + 6), 4 * (at + 6) + bytes),
      cpu: words[at + 5]!,
    };
  }

  freeMove(): void {
    this.#words[MOVE_WORD] = 0;
  }

  /**
   * @param order grows with every record: what was changed last is put back first
   * @returns whether the record fits
   */
  writeCgroup(place: number, { path, inode, file, before, ours }: CgroupChange, order: number): boolean {
    const at = CGROUPS_WORD + place * CGROUP_WORDS, words = this.#words;
    const parts = [path, file, before, ours];
    const text = encoder.encode(parts.join("\0"));
    if (text.length > JOURNAL.cgroupBytes - 4 * 6 || parts.some((part) => part.includes("\0"))) return false;
    const begin = 4 * at + 4 * 6;
    this.#bytes.fill(0, begin, 4 * at + JOURNAL.cgroupBytes);
    this.#bytes.set(text, begin);
    this.#floats[(at + 2) / 2] = inode;
    words[at + 4] = order;
    words[at + 5] = text.length;
    words[at + 1] = this.#sum(at + 2, at + CGROUP_WORDS, KIND_CGROUP);
    words[at] = KIND_CGROUP;
    return true;
  }

  cgroup(place: number): Found<CgroupChange & { order: number }> {
    const at = CGROUPS_WORD + place * CGROUP_WORDS, words = this.#words;
    if (words[at] === 0) return "free";
    const whole = words[at] === KIND_CGROUP &&
      words[at + 1] === this.#sum(at + 2, at + CGROUP_WORDS, KIND_CGROUP);
    if (!whole) return "damaged";
    const begin = 4 * at + 4 * 6;
    const text = decoder.decode(this.#bytes.slice(begin, begin + words[at + 5]!));
    const [path, file, before, ours] = text.split("\0") as [string, string, string, string];
    return { path, inode: this.#floats[(at + 2) / 2]!, file, before, ours, order: words[at + 4]! };
  }

  freeCgroup(place: number): void {
    this.#words[CGROUPS_WORD + place * CGROUP_WORDS] = 0;
  }

  #sum(from: number, to: number, first = 0): number {
    return sum(this.#words, from, to, this.#seed ^ first);
  }
}

/** A checksum of words (FNV-1a, with the high bits mixed into the low ones). */
function sum(words: Uint32Array, from: number, to: number, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = from; i < to; i++) {
    hash = Math.imul(hash ^ words[i]!, 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
