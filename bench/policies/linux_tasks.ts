/** The processes of this machine, as schedulers in user space see and change them. */
import { ESRCH } from "../../ffi/errors.ts";
import type { Libc } from "../../ffi/libc.ts";
import { readIfThere } from "../../observe/read_file.ts";
import type { Place, Tasks } from "./scheduler.ts";

/** Acts on real processes. */
export class LinuxTasks implements Tasks {
  /** Changes that the kernel refused, by errno. That a process is gone is no refusal. */
  readonly refused = new Map<number, number>();
  changes = 0;

  constructor(readonly libc: Pick<Libc, "getAttr" | "setAttr">) {}

  schedule(pid: number, place: Place): void {
    // Without looking for others first: a new one has none, and has waited for long enough.
    this.#set(pid, place);
    for (const tid of tasksOf(pid)) if (tid !== pid) this.#set(tid, place);
  }

  isAsleep(pid: number): boolean {
    const state = statOf(pid)?.state;
    return state === "S" || state === "D";
  }

  cpuNs(pid: number): number | undefined {
    const text = readText(`/proc/${pid}/schedstat`);
    return text === undefined ? undefined : Number(text.split(" ", 1)[0]);
  }

  #set(tid: number, { policy, nice, priority }: Place): void {
    const status = this.libc.setAttr(tid, { policy, nice, priority, flags: 0n, runtimeNs: 0n });
    this.changes++;
    if (status === 0 || status === -ESRCH) return;
    this.refused.set(-status, (this.refused.get(-status) ?? 0) + 1);
  }
}

/** Threads of a process and of what it has started, by their ids. */
function tasksOf(pid: number): number[] {
  const threads = folder(`/proc/${pid}/task`).map(Number);
  const children = threads.flatMap((tid) =>
    (readText(`/proc/${pid}/task/${tid}/children`) ?? "").split(" ").filter((text) => text !== "").map(Number)
  );
  return [...threads, ...children.flatMap(tasksOf)];
}

/** What `/proc/PID/stat` says of how a process is scheduled. */
export interface ProcessStat {
  /** A letter: R wants a CPU. */
  readonly state: string;
  readonly policy: number;
  readonly nice: number;
  readonly priority: number;
}

/** Undefined where it is gone. */
export function statOf(pid: number): ProcessStat | undefined {
  const text = readText(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

/** The fields of proc_pid_stat(5), counted from the state, which is the third: a name may have spaces in it. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return {
    state: fields[0] ?? "",
    nice: Number(fields[16]),
    priority: Number(fields[37]),
    policy: Number(fields[38]),
  };
}

const readText = (path: string) => readIfThere(path)?.trimEnd();

function folder(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].map(({ name }) => name);
  } catch {
    return [];
  }
}
