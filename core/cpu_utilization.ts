/** How busy CPUs were (`/proc/stat`), and how long someone waited for one (`/proc/pressure/cpu`). */

/**
 * Sums of lines of `/proc/stat`: clock ticks busy and in all (proc(5); guest time is within user time).
 *
 * @param cpus whose lines; left out, all CPUs'. One that is switched off has no line.
 */
export function parseCpuTicks(stat: string, cpus?: readonly number[]): { busy: number; total: number } {
  const wanted = cpus && new Set(cpus.map(String));
  let busy = 0, all = 0, lines = 0;
  for (const [, cpu, text] of stat.matchAll(/^cpu(\d*) +([0-9]+(?: [0-9]+)+)/gm)) {
    if (wanted ? !wanted.has(cpu!) : cpu !== "") continue;
    const [user = 0, nice = 0, system = 0, idle = 0, ioWait = 0, irq = 0, softIrq = 0, steal = 0] = text!
      .split(" ").map(Number);
    const used = user + nice + system + irq + softIrq + steal;
    busy += used;
    all += used + idle + ioWait;
    lines++;
  }
  if (lines === 0) throw new Error("cannot read /proc/stat: it does not have the times of these CPUs");
  return { busy, total: all };
}

/** Microseconds in which some task waited for a CPU, since the machine started (PSI); undefined where there is no such line. */
export function parsePressure(text: string): number | undefined {
  const total = /^some .*\btotal=([0-9]+)$/m.exec(text)?.[1];
  return total === undefined ? undefined : Number(total);
}

/** What it reads; replaced in tests. */
export interface CpuFiles {
  stat(): string;
  /** Undefined where the kernel has none (CONFIG_PSI, or the boot parameter psi=0). */
  pressure(): string | undefined;
  nowMs(): number;
}

const THIS_MACHINE: CpuFiles = {
  stat: () => Deno.readTextFileSync("/proc/stat"),
  pressure: () => {
    try {
      return Deno.readTextFileSync("/proc/pressure/cpu");
    } catch {
      return undefined;
    }
  },
  nowMs: () => performance.now(),
};

/** Utilisation and pressure between one call and the next. */
export class CpuUtilization {
  #ticks: { busy: number; total: number };
  #waited: { us: number | undefined; ms: number };

  /** @param cpus those that invocations run on; left out, all */
  constructor(readonly cpus?: readonly number[], readonly files: CpuFiles = THIS_MACHINE) {
    this.#ticks = this.#readTicks();
    this.#waited = this.#readWaited();
  }

  /** Percent (0 to 100) since the last call with `advance`; 0 where no time has passed. */
  percent(advance: boolean): number {
    const now = this.#readTicks(), last = this.#ticks;
    if (advance) this.#ticks = now;
    return share(now.busy - last.busy, now.total - last.total);
  }

  /**
   * Percent (0 to 100) of the time since the last call with `advance` in which some task of the machine waited for a CPU; 0
   * where the kernel does not tell.
   */
  pressurePercent(advance: boolean): number {
    const now = this.#readWaited(), last = this.#waited;
    if (advance) this.#waited = now;
    if (now.us === undefined || last.us === undefined) return 0;
    return share((now.us - last.us) / 1000, now.ms - last.ms);
  }

  #readTicks() {
    return parseCpuTicks(this.files.stat(), this.cpus);
  }

  #readWaited() {
    return { us: parsePressure(this.files.pressure() ?? ""), ms: this.files.nowMs() };
  }
}

function share(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(100, Math.max(0, 100 * part / whole));
}
