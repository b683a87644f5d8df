/** CPUs as the kernel's files list them. */

import { shown } from "../observe/names.ts";

/** Bytes of a CPU mask: up to 1 024 CPUs. */
export const MASK_BYTES = 128;

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
export function countPresentCpus(): number {
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
