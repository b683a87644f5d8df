/**
 * What processes and the machine used, from /proc.
 */

/** Ticks a second in /proc: 100 on every architecture that Deno runs on. */
const TICK_MS = 10;

/** CPU time and memory of a process. */
export interface ProcessUsage {
  /** Of all its threads so far, to a tick. */
  readonly cpuMs: number;
  /** Most memory that it had resident, in MiB. */
  readonly peakMemoryMb: number;
}

/** Usage of a process; undefined where it is gone. */
export function processUsage(pid: number): ProcessUsage | undefined {
  try {
    return {
      cpuMs: parseStatCpuMs(Deno.readTextFileSync(`/proc/${pid}/stat`)),
      peakMemoryMb: parsePeakMb(Deno.readTextFileSync(`/proc/${pid}/status`)),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** User and system time in a process's `stat`. Its name, in parentheses, may have anything in it. */
export function parseStatCpuMs(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** `VmHWM` in a process's `status`; 0 where there is none. */
export function parsePeakMb(status: string): number {
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}

/** What the machine has done since it started. */
export interface MachineUsage {
  /** Time that its CPUs have spent on anything at all, in milliseconds. */
  readonly busyMs: number;
  /** … and what a hypervisor gave to others meanwhile, which is in it. */
  readonly stealMs: number;
  readonly contextSwitches: number;
}

/** Usage of the machine. */
export function machineUsage(): MachineUsage {
  const stat = Deno.readTextFileSync("/proc/stat");
  return {
    busyMs: parseBusyMs(stat),
    stealMs: Number(stat.split("\n", 1)[0]!.trim().split(/\s+/)[8] ?? 0) * TICK_MS,
    contextSwitches: Number(/^ctxt (\d+)$/m.exec(stat)?.[1] ?? 0),
  };
}

/** The first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal; the rest is in user and nice. */
export function parseBusyMs(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = stat
    .split("\n", 1)[0]!.trim().split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq + steal) * TICK_MS;
}
