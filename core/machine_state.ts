/** What the event thread looks at from time to time: memory, and which CPUs are switched on. */

import { parseCpuList } from "../enforce/cpu_lists.ts";

/**
 * Memory that programs can still have without swapping (MemAvailable of /proc/meminfo), and what the machine has.
 * Pressure stall information would tell of thrashing more directly, but many distributions build or boot without it, and
 * this one number is on every machine; undefined where it cannot be read.
 */
export function parseMemory(meminfo: string): { availableBytes: number; totalBytes: number } | undefined {
  const kib = (name: string) => Number(new RegExp(`^${name}: +([0-9]+) kB$`, "m").exec(meminfo)?.[1]);
  const availableBytes = 1024 * kib("MemAvailable"), totalBytes = 1024 * kib("MemTotal");
  return Number.isNaN(availableBytes + totalBytes) ? undefined : { availableBytes, totalBytes };
}

/** The machine's memory now: some 20 µs. */
export function machineMemory(
  read: (path: string) => string = Deno.readTextFileSync,
): ReturnType<typeof parseMemory> {
  try {
    return parseMemory(read("/proc/meminfo"));
  } catch {
    return undefined;
  }
}

/** Notices when CPUs are switched on or off. */
export class CpuWatch {
  #list: string | undefined;

  constructor(readonly read: (path: string) => string = Deno.readTextFileSync) {
    this.#list = this.#readList();
  }

  /** The CPUs that are on, where that has changed since the last call; else undefined. */
  changed(): number[] | undefined {
    const list = this.#readList();
    if (list === undefined || list === this.#list) return undefined;
    const cpus = parseCpuList(list);
    if (cpus.length === 0) return undefined;
    this.#list = list;
    return cpus;
  }

  #readList(): string | undefined {
    try {
      return this.read("/sys/devices/system/cpu/online");
    } catch {
      return undefined; // without /sys the CPUs stay what they were at the start
    }
  }
}
