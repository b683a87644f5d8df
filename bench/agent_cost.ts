/** What a running agent costs, as the kernel accounts it. */

/** CPU time of all threads so far, and resident memory. */
export function processCost(pid: number): { cpuMs: number; memoryMb: number } {
  let cpuNs = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    cpuNs += Number(Deno.readTextFileSync(`/proc/${pid}/task/${name}/schedstat`).split(" ")[0]);
  }
  const rss = /VmRSS:\s+(\d+) kB/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
  return { cpuMs: cpuNs / 1e6, memoryMb: Number(rss ?? 0) / 1024 };
}

const STATS_SWITCH = "/proc/sys/kernel/bpf_stats_enabled";

/**
 * Run time of the eBPF programs that a process has loaded, from its descriptors. Counting is switched on for the whole
 * machine meanwhile (it costs each program some 20 ns a run), and put back when disposed.
 */
export class BpfCost implements Disposable {
  readonly #before = Deno.readTextFileSync(STATS_SWITCH);

  constructor(readonly pid: number) {
    Deno.writeTextFileSync(STATS_SWITCH, "1");
  }

  /** Sums over the programs so far. */
  read(): { ns: number; runs: number } {
    const sum = { ns: 0, runs: 0 };
    for (const { name } of Deno.readDirSync(`/proc/${this.pid}/fdinfo`)) {
      const info = Deno.readTextFileSync(`/proc/${this.pid}/fdinfo/${name}`);
      sum.ns += Number(/^run_time_ns:\s+(\d+)$/m.exec(info)?.[1] ?? 0);
      sum.runs += Number(/^run_cnt:\s+(\d+)$/m.exec(info)?.[1] ?? 0);
    }
    return sum;
  }

  [Symbol.dispose](): void {
    Deno.writeTextFileSync(STATS_SWITCH, this.#before);
  }
}
