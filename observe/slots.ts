/** The invocations in progress, as the eBPF programs keep them: memory that the kernel writes and we read. */

import { ALPS_GROUP_KIND, ALPS_LIMITS, ALPS_SHARED, ALPS_SLOT, ALPS_SLOT_STATE } from "../ffi/layout.ts";
import type { Libc, Mapping } from "../ffi/libc.ts";

const WORDS = ALPS_SLOT.size / 4;
const TWO_32 = 2 ** 32;

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

  constructor(libc: Pick<Libc, "map">, slotsFd: number) {
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
   * CPU time used up to `nowNs`, the stints under way included. Exact while nothing switches; where a switch comes in
   * between, what was complete before it is returned.
   */
  attainedNs(slot: number, nowNs: number): number {
    const done = this.#u64(slot, ALPS_SLOT.cpu_ns);
    const running = this.#u32(slot, ALPS_SLOT.running);
    if (running === 0) return done;
    const age = nowNs - this.#u64(slot, ALPS_SLOT.start_ns);
    const underWay = running * age - this.#u64(slot, ALPS_SLOT.running_since_ns);
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
  events: number;
  lostRingFull: number;
  lostNoSlot: number;
  lostNoMemory: number;
  lostNoStats: number;
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

  get rulesGeneration(): number {
    return this.#words[ALPS_SHARED.rules_generation / 4]!;
  }

  /** Puts a new set of rules in force: verdicts of older generations count no longer. */
  setRules(generation: number, keyParts: number): void {
    this.#words[ALPS_SHARED.rules_generation / 4] = generation;
    this.#words[ALPS_SHARED.key_parts / 4] = keyParts;
  }

  counters(): SharedCounters {
    const u64 = (offset: number) => Number(this.#view.getBigUint64(offset, true));
    return {
      active: this.#words[ALPS_SHARED.active / 4]!,
      runnable: this.runnable,
      events: u64(ALPS_SHARED.events),
      lostRingFull: u64(ALPS_SHARED.lost_ring_full),
      lostNoSlot: u64(ALPS_SHARED.lost_no_slot),
      lostNoMemory: u64(ALPS_SHARED.lost_no_memory),
      lostNoStats: u64(ALPS_SHARED.lost_no_stats),
    };
  }

  [Symbol.dispose](): void {
    this.#mapping[Symbol.dispose]();
  }
}
