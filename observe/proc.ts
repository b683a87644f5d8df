/** Parsers of files in `/proc/PID`. Pure: text in, data out. */

/** What is used of `/proc/PID/stat`. */
export interface ProcStat {
  readonly pid: number;
  /** Raw: may hold spaces, parentheses and line feeds. */
  readonly comm: string;
  /** `R`, `S`, `D`, `Z`, … */
  readonly state: string;
  readonly parentPid: number;
  /** Ids of its process group and session. */
  readonly group: number;
  readonly session: number;
  /** `PF_…` of the kernel. */
  readonly flags: number;
  /** Clock ticks since boot. */
  readonly startTimeTicks: number;
  /** Address of its command line; 0 where there is none, or this process may not see it. */
  readonly argStart: number;
}

/** Parses `/proc/PID/stat`; undefined where it is not one. */
export function parseStat(text: string): ProcStat | undefined {
  // Only numbers follow the name, so the last parenthesis is its end, whatever the name contains.
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 0 || close < open) return undefined;
  // Field 3, the state, is the first one after the name.
  const fields = text.slice(close + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3]);
  const stat = {
    pid: Number(text.slice(0, open)),
    comm: text.slice(open + 1, close),
    state: fields[0] ?? "",
    parentPid: field(4),
    group: field(5),
    session: field(6),
    flags: field(9),
    startTimeTicks: field(22),
    argStart: field(48) || 0,
  };
  return Number.isNaN(stat.pid + stat.parentPid + stat.flags + stat.startTimeTicks) ? undefined : stat;
}

/** The cgroups of a process. */
export interface ProcCgroups {
  /** Path in the hierarchy that the cpu controller is in. */
  readonly cpu: string | undefined;
  /** Paths in the other hierarchies, without doubles, and without the cpu controller's path. */
  readonly others: readonly string[];
}

/**
 * Parses `/proc/PID/cgroup` (`N:controllers:path` a line) of machines with version 1, 2 or both. Where no version 1
 * hierarchy has the cpu controller, it is in version 2's (`0::path`).
 */
export function parseCgroups(text: string): ProcCgroups {
  let v1: string | undefined;
  let v2: string | undefined;
  const paths = new Set<string>();
  for (const line of text.split("\n")) {
    const first = line.indexOf(":");
    const second = line.indexOf(":", first + 1);
    if (first < 0 || second < 0) continue;
    const controllers = line.slice(first + 1, second);
    // The path may contain colons itself. A removed cgroup's ends in " (deleted)".
    const path = line.slice(second + 1).replace(/ \(deleted\)$/, "");
    if (controllers.split(",").includes("cpu")) v1 = path;
    else if (line.startsWith("0::")) v2 = path;
    paths.add(path);
  }
  const cpu = v1 ?? v2;
  if (cpu !== undefined) paths.delete(cpu);
  return { cpu, others: [...paths] };
}
