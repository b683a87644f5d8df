/**
 * Spreading the chosen invocations over the CPUs. A promotion does not move a task: two chosen ones may wait on one CPU
 * while another CPU runs an idle-class task, and the kernel's balancer comes late.
 */

import type { Libc } from "../ffi/libc.ts";
import { type ChangeJournal, NO_JOURNAL } from "./change_journal.ts";
import { AllowedCpus } from "./allowed_cpus.ts";
import { countPresentCpus, MASK_BYTES } from "./cpu_lists.ts";

/** Where a chosen invocation's task is. */
export interface Placed {
  readonly tid: number;
  readonly cpu: number;
  /** On a CPU now, rather than waiting for one. */
  readonly running: boolean;
}

/** One task to move. */
export interface Move {
  readonly tid: number;
  readonly cpu: number;
}

/**
 * The moves that give every chosen task a CPU without another chosen one, as far as there are such CPUs. Of several on
 * one CPU the running one stays, else the best-ranked (the first). Pure.
 * @param chosen in order of rank
 * @param cpus numbers of the CPUs that may be used
 */
export function planMoves(chosen: readonly Placed[], cpus: readonly number[]): Move[] {
  const keeper = new Map<number, Placed>();
  for (const placed of chosen) {
    const other = keeper.get(placed.cpu);
    if (!other || (placed.running && !other.running)) keeper.set(placed.cpu, placed);
  }
  if (keeper.size === chosen.length) return [];
  const free = cpus.filter((cpu) => !keeper.has(cpu));
  const moves: Move[] = [];
  for (const placed of chosen) {
    if (keeper.get(placed.cpu) === placed || placed.running) continue;
    const cpu = free.shift();
    if (cpu === undefined) break;
    moves.push({ tid: placed.tid, cpu });
  }
  return moves;
}

/** Carries moves out. */
export class Mover {
  readonly #saved = new Uint8Array(MASK_BYTES);
  readonly #single = new Uint8Array(MASK_BYTES);
  readonly #all = new Uint8Array(MASK_BYTES).fill(0xff);
  #cpus: readonly number[];
  #someOff: boolean;

  /**
   * @param cpus those that are switched on
   * @param allowed what a task that may not run everywhere is to be allowed again
   */
  constructor(
    readonly libc: Pick<Libc, "getAffinity" | "setAffinity">,
    cpus: readonly number[],
    readonly journal: ChangeJournal = NO_JOURNAL,
    readonly presentCpus: () => number = countPresentCpus,
    readonly allowed: Pick<AllowedCpus, "of"> = new AllowedCpus(),
  ) {
    this.#cpus = cpus;
    this.#someOff = cpus.length < presentCpus();
  }

  setCpus(cpus: readonly number[]): void {
    this.#cpus = cpus;
    this.#someOff = cpus.length < this.presentCpus();
  }

  /**
   * Moves a waiting task by allowing it only that CPU for a moment, then what it was allowed before.
   * @returns false where the task may not run there or is gone
   */
  move({ tid, cpu }: Move): boolean {
    const bytes = this.libc.getAffinity(tid, this.#saved);
    if (bytes < 0 || !allows(this.#saved, cpu)) return false;
    // What is read leaves out CPUs that are off, or going off just now: only what may run on all that there are is sure to be
    // allowed all. Of any other files tell what it is allowed; that takes ten times as long and more.
    const everywhere = !this.#someOff && this.#cpus.every((each) => allows(this.#saved, each));
    const allowed = everywhere ? this.#all : this.allowed.of(tid);
    if (!allowed) return false;
    this.#single.fill(0);
    this.#single[cpu >> 3] = 1 << (cpu & 7);
    const mask = allowed.slice(0, bytes);
    const record = this.journal.beforeMove(tid, mask, cpu);
    if (record < 0) return false;
    const moved = this.libc.setAffinity(tid, this.#single) >= 0;
    if (moved) this.libc.setAffinity(tid, mask);
    this.journal.done(record);
    return moved;
  }
}

function allows(mask: Uint8Array, cpu: number): boolean {
  return (mask[cpu >> 3]! & (1 << (cpu & 7))) !== 0;
}
