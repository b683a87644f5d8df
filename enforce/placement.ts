/**
 * Spreading the chosen invocations over the CPUs. A promotion does not move a task: two chosen ones may wait on one CPU
 * while another CPU runs an idle-class task, and the kernel's balancer comes late.
 */

import type { Libc } from "../ffi/libc.ts";
import { shown } from "../observe/names.ts";
import { type ChangeJournal, NO_JOURNAL } from "./change_journal.ts";

/** Bytes of a CPU mask: up to 1 024 CPUs. */
const MASK_BYTES = 128;

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
   * @param readAllowed a task's whole mask, CPUs that are off included; undefined where it is gone
   */
  constructor(
    readonly libc: Pick<Libc, "getAffinity" | "setAffinity">,
    cpus: readonly number[],
    readonly journal: ChangeJournal = NO_JOURNAL,
    readonly presentCpus: () => number = countPresentCpus,
    readonly readAllowed: (tid: number) => Uint8Array | undefined = readAllowedCpus,
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
    // allowed all. Of any other /proc tells what it is allowed; that takes ten times as long.
    const everywhere = !this.#someOff && this.#cpus.every((each) => allows(this.#saved, each));
    const allowed = everywhere ? this.#all : this.readAllowed(tid);
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

/** A task's mask in `/proc/TID/status`, which holds CPUs that are off, too. */
function readAllowedCpus(tid: number): Uint8Array<ArrayBuffer> | undefined {
  try {
    return parseAllowedCpus(Deno.readTextFileSync(`/proc/${tid}/status`));
  } catch (error) {
    // ESRCH: it has ended between opening and reading.
    if (error instanceof Deno.errors.NotFound || /os error 3\b/.test(String(error))) return undefined;
    throw error;
  }
}

/**
 * Parses the line `Cpus_allowed:` of `/proc/PID/status`, words of 32 CPUs in hexadecimal, the highest first (the kernel's
 * `%*pb`). Returns a mask of {@link MASK_BYTES} bytes as sched_setaffinity(2) takes it on little-endian machines; undefined
 * where there is no such line.
 */
export function parseAllowedCpus(status: string): Uint8Array<ArrayBuffer> | undefined {
  const line = /^Cpus_allowed:\s*([0-9a-f,]+)$/m.exec(status)?.[1];
  if (line === undefined) return undefined;
  const mask = new Uint8Array(MASK_BYTES), view = new DataView(mask.buffer);
  const words = line.split(",").reverse().slice(0, MASK_BYTES / 4);
  words.forEach((word, i) => view.setUint32(4 * i, parseInt(word, 16), true));
  return mask;
}

/** CPUs that the machine has, switched on or off. */
function countPresentCpus(): number {
  return parseCpuList(Deno.readTextFileSync("/sys/devices/system/cpu/present")).length;
}

/** More CPUs than any machine has (the kernel's CONFIG_NR_CPUS is at most 8 192). */
const MAX_CPU = 65_535;

/** The CPUs of a list such as `0-3,8` (/sys/devices/system/cpu/online). Throws where it is none. */
export function parseCpuList(list: string): number[] {
  const parts = list.trim() === "" ? [] : list.trim().split(",");
  return parts.flatMap((part) => {
    const match = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(part);
    const first = Number(match?.[1]), last = Number(match?.[2] ?? match?.[1]);
    if (!(first <= last && last <= MAX_CPU)) {
      throw new Error(`cannot read the list of CPUs "${shown(list)}": wanted one such as 0-3,8`);
    }
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** The machine's CPUs that are switched on. */
export function onlineCpus(): number[] {
  return parseCpuList(Deno.readTextFileSync("/sys/devices/system/cpu/online"));
}
