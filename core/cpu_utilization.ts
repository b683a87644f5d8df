/** How busy the machine's CPUs were, from `/proc/stat`. */

/** Sums of the line `cpu` of `/proc/stat`: clock ticks busy and in all (proc(5); guest time is within user time). */
export function parseCpuTicks(stat: string): { busy: number; total: number } {
  const ticks = /^cpu +([0-9]+(?: [0-9]+)+)/.exec(stat)?.[1]?.split(" ").map(Number);
  if (!ticks) throw new Error("cannot read /proc/stat: it does not begin with the times of all CPUs");
  const [user = 0, nice = 0, system = 0, idle = 0, ioWait = 0, irq = 0, softIrq = 0, steal = 0] = ticks;
  const busy = user + nice + system + irq + softIrq + steal;
  return { busy, total: busy + idle + ioWait };
}

/** Utilisation between one call and the next. */
export class CpuUtilization {
  #last: { busy: number; total: number };

  constructor(readonly read: () => string = () => Deno.readTextFileSync("/proc/stat")) {
    this.#last = parseCpuTicks(read());
  }

  /** Percent (0 to 100) since the last call with `advance`; 0 where no time has passed. */
  percent(advance: boolean): number {
    const now = parseCpuTicks(this.read()), last = this.#last;
    if (advance) this.#last = now;
    const total = now.total - last.total;
    return total <= 0 ? 0 : Math.min(100, Math.max(0, 100 * (now.busy - last.busy) / total));
  }
}
