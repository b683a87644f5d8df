/** The invocations in progress, as the eBPF programs keep them: memory that the kernel writes and we read. */

import { ALPS_GROUP_KIND, ALPS_LIMITS, ALPS_SHARED, ALPS_SLOT, ALPS_SLOT_STATE } from "../ffi/layout.ts";
import type { Libc, Mapping } from "../ffi/libc.ts";

const WORDS = ALPS_SLOT.size / 4;
const TWO_32 = 2 ** 32;
const WAIT_BUCKETS = ALPS_LIMITS.ALPS_WAIT_BUCKETS;

/**
 * In which steps the kernel side tells when waits began, in nanoseconds: an eighth of the longest one that is allowed, so
 * that a wait has been told apart for twice as long as it may last.
 */
export function waitBucketNs(maxWaitNs: number): number {
  return Math.ceil(maxWaitNs / 8);
}

/**
 * One number for a scheduling group: a cgroup's id, which is its folder's inode; for an autogroup its number, negative; 0
 * for no group.
 */
export function groupKey(kind: number, id: number): number {
  if (kind === ALPS_GROUP_KIND.ALPS_GROUP_CGROUP) return id;
  return kind === ALPS_GROUP_KIND.ALPS_GROUP_AUTOGROUP ? -id : 0;
}

/** The array `slots`, mapped. Reading needs no system call. */
export class SlotTable implements Disposable {
  readonly #mapping: Mapping;
  readonly #words: Uint32Array;

  /** @param bucketNs {@link waitBucketNs} as the kernel side was told */
  constructor(libc: Pick<Libc, "map">, slotsFd: number, readonly bucketNs = waitBucketNs(5e9)) {
    this.#mapping = libc.map(slotsFd, ALPS_LIMITS.ALPS_SLOTS * ALPS_SLOT.size, 0, false);
    this.#words = new Uint32Array(this.#mapping.buffer);
  }

  #u32(slot: number, offset: number): number {
    return this.#words[slot * WORDS + offset / 4]!;
  }

  /** A 64-bit field. It may be half old where the kernel writes it meanwhile: callers bound what they make of it. */
  #u64(slot: number, offset: number): number {
    const at = slot * WORDS + offset / 4;
    return this.#words[at]! + this.#words[at + 1]! * TWO_32;
  }

  /** Whether the slot still holds this invocation. */
  isLive(slot: number, generation: number): boolean {
    return this.#u32(slot, ALPS_SLOT.generation) === generation &&
      this.#u32(slot, ALPS_SLOT.state) === ALPS_SLOT_STATE.ALPS_SLOT_BUSY;
  }

  /** Whether this invocation of the slot, counted from 0, is in progress; of a live slot. */
  isInProgress(slot: number, sequence: number): boolean {
    return this.#u32(slot, ALPS_SLOT.life) === sequence * 2 + 1;
  }

  /** The slot of the instance whose first process this is, and its generation; undefined where there is none. */
  ofProcess(pid: number): { slot: number; generation: number; functionId: number } | undefined {
    // Near its home position, as take_slot() in bpf/observe_members.h has it.
    for (let probe = 0; probe < ALPS_LIMITS.ALPS_SLOT_PROBES; probe++) {
      const slot = (pid + probe) % ALPS_LIMITS.ALPS_SLOTS;
      if (this.#u32(slot, ALPS_SLOT.pid) !== pid) continue;
      if (this.#u32(slot, ALPS_SLOT.state) !== ALPS_SLOT_STATE.ALPS_SLOT_BUSY) continue;
      return {
        slot,
        generation: this.#u32(slot, ALPS_SLOT.generation),
        functionId: this.#u32(slot, ALPS_SLOT.function_id),
      };
    }
    return undefined;
  }

  /** How the slot's invocations are told apart: `enum alps_flags`. */
  flags(slot: number): number {
    return this.#u32(slot, ALPS_SLOT.flags);
  }

  /** How often it has been idle for longer than its gap. */
  idlePeriods(slot: number): number {
    return this.#u32(slot, ALPS_SLOT.idle_periods);
  }

  /** When the slot was taken, or its process started. */
  takenNs(slot: number): number {
    return this.#u64(slot, ALPS_SLOT.base_ns);
  }

  /** Tasks that are on a CPU or wait for one. */
  runnable(slot: number): number {
    return this.#u32(slot, ALPS_SLOT.runnable);
  }

  /** Tasks that are on a CPU. */
  running(slot: number): number {
    return this.#u32(slot, ALPS_SLOT.running);
  }

  /** The CPU where {@link lastTid} runs or is queued. */
  cpu(slot: number): number {
    return this.#u32(slot, ALPS_SLOT.cpu);
  }

  /** The task that ran or was queued last. */
  lastTid(slot: number): number {
    return this.#u32(slot, ALPS_SLOT.last_tid);
  }

  /** The group in which its task that ran last competes; see {@link groupKey}. */
  group(slot: number): number {
    return groupKey(this.#u32(slot, ALPS_SLOT.group_kind), this.#u64(slot, ALPS_SLOT.group_id));
  }

  /** When one of its tasks last got a CPU. */
  lastOnNs(slot: number): number {
    return this.#u64(slot, ALPS_SLOT.last_on_ns);
  }

  /**
   * How long the one of its tasks has waited for a CPU that has done so the longest: at most this many nanoseconds, and
   * at least a bucket's width less. 0 where none waits.
   */
  oldestWaitNs(slot: number, nowNs: number): number {
    const latest = Math.floor(nowNs / this.bucketNs), at = slot * WORDS + ALPS_SLOT.waiting / 4;
    for (let bucket = Math.max(0, latest - WAIT_BUCKETS + 1); bucket <= latest; bucket++) {
      // A task that was taken in or left while it changed its state may have been counted out once too often.
      if ((this.#words[at + bucket % WAIT_BUCKETS]! | 0) > 0) return nowNs - bucket * this.bucketNs;
    }
    return 0;
  }

  /**
   * CPU time that the invocation has used up to `nowNs`, the stints under way included. Exact while nothing switches; where a switch comes in
   * between, what was complete before it is returned.
   */
  attainedNs(slot: number, nowNs: number): number {
    const done = Math.max(0, this.#u64(slot, ALPS_SLOT.cpu_ns) - this.#u64(slot, ALPS_SLOT.cpu_base_ns));
    const running = this.#u32(slot, ALPS_SLOT.running);
    if (running === 0) return done;
    const age = nowNs - this.#u64(slot, ALPS_SLOT.start_ns);
    const underWay = running * (nowNs - this.#u64(slot, ALPS_SLOT.base_ns)) -
      this.#u64(slot, ALPS_SLOT.running_since_ns);
    // More than its whole life on each CPU cannot be: the fields were read in the middle of a change.
    return underWay >= 0 && underWay <= running * age ? done + underWay : done;
  }

  [Symbol.dispose](): void {
    this.#mapping[Symbol.dispose]();
  }
}

/** Counters of the kernel side since it was loaded. */
export interface SharedCounters {
  active: number;
  runnable: number;
  /** In use: one for each invocation in progress, and for each instance that serves requests. */
  slots: number;
  events: number;
  lostRingFull: number;
  lostNoSlot: number;
  lostNoMemory: number;
  lostNoStats: number;
  /** Waits of tasks for a CPU that lasted longer than is allowed, and the longest of all; those that have ended. */
  longWaits: number;
  /** Such waits of tasks in cgroups with a CPU limit, which may be why they waited; they are not among the long ones. */
  limitedWaits: number;
  longestWaitNs: number;
}

/** The page that both sides write: rules in force, counters. */
export class SharedPage implements Disposable {
  readonly #mapping: Mapping;
  readonly #words: Uint32Array;
  readonly #view: DataView;

  constructor(libc: Pick<Libc, "map">, sharedFd: number) {
    this.#mapping = libc.map(sharedFd, 4096, 0, true);
    this.#words = new Uint32Array(this.#mapping.buffer);
    this.#view = new DataView(this.#mapping.buffer);
  }

  /** Invocations that want a CPU now. */
  get runnable(): number {
    return this.#words[ALPS_SHARED.runnable / 4]!;
  }

  /** CPUs that invocations run on: where more want one, user space is woken at once. */
  get cores(): number {
    return this.#words[ALPS_SHARED.cores / 4]!;
  }

  set cores(count: number) {
    this.#words[ALPS_SHARED.cores / 4] = count;
  }

  get rulesGeneration(): number {
    return this.#words[ALPS_SHARED.rules_generation / 4]!;
  }

  /** Puts a new set of rules in force: verdicts of older generations count no longer. */
  setRules(generation: number, keyParts: number): void {
    this.#words[ALPS_SHARED.rules_generation / 4] = generation;
    this.#words[ALPS_SHARED.key_parts / 4] = keyParts;
  }

  /** Says whether what cannot be taken in now is lost: nobody tries again. */
  set lastAttempt(last: boolean) {
    this.#words[ALPS_SHARED.last_attempt / 4] = last ? 1 : 0;
  }

  counters(): SharedCounters {
    const u64 = (offset: number) => Number(this.#view.getBigUint64(offset, true));
    return {
      active: this.#words[ALPS_SHARED.active / 4]!,
      runnable: this.runnable,
      slots: this.#words[ALPS_SHARED.slots / 4]!,
      events: u64(ALPS_SHARED.events),
      lostRingFull: u64(ALPS_SHARED.lost_ring_full),
      lostNoSlot: u64(ALPS_SHARED.lost_no_slot),
      lostNoMemory: u64(ALPS_SHARED.lost_no_memory),
      lostNoStats: u64(ALPS_SHARED.lost_no_stats),
      longWaits: u64(ALPS_SHARED.long_waits),
      limitedWaits: u64(ALPS_SHARED.limited_waits),
      longestWaitNs: u64(ALPS_SHARED.longest_wait_ns),
    };
  }

  [Symbol.dispose](): void {
    this.#mapping[Symbol.dispose]();
  }
}
