/**
 * Who a process is, as `/proc` tells it: everything that a rule can match. Reading is synchronous and cheap (tens of
 * microseconds), and a process that vanishes meanwhile is not an error.
 */
import { parseCgroups, parseStat } from "./proc.ts";
import { readIfThere } from "./read_file.ts";

/** What rules match on. Every text in it is chosen by whoever started the process: hostile input. */
export interface ProcessIdentity {
  /** Process id (of the thread group) in the agent's pid namespace. */
  readonly pid: number;
  /** When it started, in clock ticks since boot: with the pid, it names the process for good. */
  readonly startTimeTicks: number;
  /** The executable as it was called at exec, absolute (for a script the script), then `/proc/PID/exe`; without doubles. */
  readonly exePaths: readonly string[];
  /** The name of its main thread, at most 15 bytes. */
  readonly comm: string;
  /** Its arguments, joined by spaces; the first {@link MAX_CMDLINE_BYTES}. */
  readonly cmdline: string;
  /** Path in the cgroup hierarchy that the cpu controller is in. */
  readonly cgroupCpu: string | undefined;
  /** Paths in the other hierarchies, without doubles. */
  readonly cgroupsOther: readonly string[];
  readonly parentPid: number;
  /** Effective user id, where it was asked for. */
  readonly uid?: number;
}

/** What an event of the kernel told about a process, for what `/proc` no longer tells. */
export interface IdentityHints {
  /** The path as it was given to exec: absolute, or relative to the process's working directory. */
  readonly execName?: string | undefined;
  readonly comm?: string | undefined;
  /** Path in the cpu controller's hierarchy. */
  readonly cgroupPath?: string | undefined;
}

/** How much of a command line is read: a process can make its own megabytes long. */
export const MAX_CMDLINE_BYTES = 4096;

/** Set in the flags of a kernel thread (`PF_KTHREAD`). */
const PF_KTHREAD = 0x00200000;

/** The key of the address of the path given to exec in `/proc/PID/auxv`. */
const AT_EXECFN = 31n;

/** What the kernel appends to the path of a file or cgroup that is no longer there. */
const DELETED = " (deleted)";

/**
 * Reads who process `pid` is. Undefined where there is no such process (any more), and for kernel threads, which no rule
 * may match. Never throws.
 *
 * Without `hints.execName`, the path given to exec is read from the process's own memory, which needs root and which the
 * process can have overwritten; where that fails, `/proc/PID/exe` alone is used.
 */
export function readIdentity(pid: number, hints: IdentityHints = {}): ProcessIdentity | undefined {
  const stat = readStat(pid);
  if (stat === undefined || (stat.flags & PF_KTHREAD) !== 0) return undefined;

  const called = absolute(pid, hints.execName ?? readExecName(pid));
  const resolved = readLink(`/proc/${pid}/exe`);
  const exePaths = new Set<string>();
  if (called !== undefined) exePaths.add(called);
  if (resolved !== undefined) exePaths.add(withoutSuffix(resolved, DELETED));

  const cgroups = parseCgroups(readIfThere(`/proc/${pid}/cgroup`) ?? "");
  return {
    pid,
    startTimeTicks: stat.startTimeTicks,
    exePaths: [...exePaths],
    comm: stat.comm || (hints.comm ?? ""),
    cmdline: readCmdline(pid),
    cgroupCpu: cgroups.cpu ?? hints.cgroupPath,
    cgroupsOther: cgroups.others,
    parentPid: stat.parentPid,
  };
}

/** The address of a process's command line, which differs from exec to exec; undefined where it is gone. */
export function readArgStart(pid: number): number | undefined {
  return parseStat(readIfThere(`/proc/${pid}/stat`) ?? "")?.argStart;
}

/** The effective user id of a process; undefined where there is no such process (any more). */
export function readUid(pid: number): number | undefined {
  const uid = /^Uid:\t[0-9]+\t([0-9]+)/m.exec(readIfThere(`/proc/${pid}/status`) ?? "")?.[1];
  return uid === undefined ? undefined : Number(uid);
}

/**
 * All processes that exist now, one by one; kernel threads and processes that have ended are left out. What starts
 * during the scan may or may not be in it: follow the kernel's events from before the scan.
 */
export function* scanProcesses(): Generator<ProcessIdentity, void> {
  for (const entry of Deno.readDirSync("/proc")) {
    if (!/^[1-9][0-9]*$/.test(entry.name)) continue;
    const identity = readIdentity(Number(entry.name));
    // A zombie has no memory, hence neither executable nor command line.
    if (identity !== undefined && (identity.exePaths.length > 0 || identity.cmdline !== "")) yield identity;
  }
}

/** The processes of a scan by their parent: parent's pid → children's pids. */
export function childrenOf(
  scan: Iterable<Pick<ProcessIdentity, "pid" | "parentPid">>,
): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const { pid, parentPid } of scan) {
    const siblings = children.get(parentPid);
    if (siblings === undefined) children.set(parentPid, [pid]);
    else siblings.push(pid);
  }
  return children;
}

/** All descendants of `pid`, parents before their children, without `pid` itself. */
export function descendantsOf(children: ReadonlyMap<number, readonly number[]>, pid: number): number[] {
  // A pid that was reused during the scan can make a circle: visit each once.
  const found = new Set<number>([pid]);
  for (const parent of found) {
    for (const child of children.get(parent) ?? []) found.add(child);
  }
  found.delete(pid);
  return [...found];
}

/** The descendants of a process, where the kernel lists them (CONFIG_PROC_CHILDREN). */
export function processesNear(pid: number): { pid: number; parentPid: number }[] {
  const found: { pid: number; parentPid: number }[] = [];
  const pending = [pid];
  for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
    let list: string;
    try {
      list = Deno.readTextFileSync(`/proc/${parent}/task/${parent}/children`);
    } catch {
      continue; // gone, or not listed by this kernel
    }
    for (const child of list.split(" ").filter((part) => part !== "").map(Number)) {
      found.push({ pid: child, parentPid: parent });
      pending.push(child);
    }
  }
  return found;
}

function readStat(pid: number) {
  const text = readIfThere(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

function readLink(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return undefined;
  }
}

/** Up to `limit` bytes of a file, from byte `at` on. */
function readBytes(path: string, limit: number, at?: bigint): Uint8Array {
  try {
    using file = Deno.openSync(path);
    if (at !== undefined) file.seekSync(at, Deno.SeekMode.Start);
    const buffer = new Uint8Array(limit);
    return buffer.subarray(0, file.readSync(buffer) ?? 0);
  } catch {
    return new Uint8Array(0);
  }
}

function readCmdline(pid: number): string {
  const bytes = readBytes(`/proc/${pid}/cmdline`, MAX_CMDLINE_BYTES);
  // `stream` drops a character that the limit has cut in two.
  const text = new TextDecoder().decode(bytes, { stream: true });
  return text.replace(/\0+$/, "").replaceAll("\0", " ");
}

/** The path that a running process was given at exec: the kernel leaves it on the process's stack. */
function readExecName(pid: number): string | undefined {
  const auxv = readBytes(`/proc/${pid}/auxv`, 1024);
  const view = new DataView(auxv.buffer, auxv.byteOffset, auxv.byteLength);
  for (let at = 0; at + 16 <= auxv.length; at += 16) {
    if (view.getBigUint64(at, true) !== AT_EXECFN) continue;
    const bytes = readBytes(`/proc/${pid}/mem`, 4096, view.getBigUint64(at + 8, true));
    const end = bytes.indexOf(0);
    return end > 0 ? new TextDecoder().decode(bytes.subarray(0, end)) : undefined;
  }
  return undefined;
}

/** Makes a path given to exec absolute and removes `.`, `..` and doubled slashes from it, without following links. */
function absolute(pid: number, path: string | undefined): string | undefined {
  if (path === undefined || path === "") return undefined;
  let whole = path;
  if (!path.startsWith("/")) {
    const folder = readLink(`/proc/${pid}/cwd`);
    if (folder === undefined) return undefined;
    whole = `${withoutSuffix(folder, DELETED)}/${path}`;
  }
  const parts: string[] = [];
  for (const part of whole.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return "/" + parts.join("/");
}

function withoutSuffix(text: string, suffix: string): string {
  return text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
}
