/** The ring buffer's records, decoded (`struct alps_event` and `struct alps_classify` of bpf/alps.h). */

import { fromCString } from "../ffi/memory.ts";
import {
  ALPS_CLASSIFY,
  ALPS_EVENT,
  ALPS_EVENT_KIND,
  ALPS_FLAGS,
  ALPS_KEY,
  ALPS_LIMITS,
} from "../ffi/layout.ts";

export { ALPS_EVENT_KIND as EventKind, ALPS_FLAGS as Flags };

const TWO_32 = 2 ** 32;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function u32(words: Uint32Array, at: number, offset: number): number {
  return words[at + offset / 4]!;
}

function u64(words: Uint32Array, at: number, offset: number): number {
  return words[at + offset / 4]! + words[at + offset / 4 + 1]! * TWO_32;
}

/** Of what kind the record at word `at` is; every record begins with it. */
export function kindOf(words: Uint32Array, at: number): number {
  return u32(words, at, ALPS_EVENT.kind);
}

/** A record about an invocation. One object is used again for every record: copy what is to be kept. */
export class InvocationEvent {
  kind = 0;
  slot = 0;
  generation = 0;
  functionId = 0;
  /** First process of the invocation. */
  pid = 0;
  /** The task that the event is about. */
  tid = 0;
  preemptions = 0;
  /** Whether the reader was woken for this event, so that its latency says something. */
  wokeReader = false;
  timeNs = 0;
  startNs = 0;
  /** Absolute; 0 = it has not run yet. */
  firstRunNs = 0;
  cpuNs = 0;
  waitNs = 0;
  /** When the invocation ended; before `timeNs` where that was known only a gap later. */
  endNs = 0;
  /** Of the invocation in its slot, from 0: a warm instance has one after another. */
  sequence = 0;
  /** `enum alps_flags`. */
  flags = 0;
  /** How often a warm instance, or one whose mode is not decided, has been idle for longer than the gap. */
  idlePeriods = 0;
  /** When the task started, in clock ticks as in `/proc/TID/stat`; 0 = this kind of record does not tell. */
  taskStartTicks = 0;

  /** Reads the record at word `at`. */
  decode(words: Uint32Array, at: number): void {
    this.kind = kindOf(words, at);
    this.slot = u32(words, at, ALPS_EVENT.slot);
    this.generation = u32(words, at, ALPS_EVENT.generation);
    this.functionId = u32(words, at, ALPS_EVENT.function_id);
    this.pid = u32(words, at, ALPS_EVENT.pid);
    this.tid = u32(words, at, ALPS_EVENT.tid);
    this.preemptions = u32(words, at, ALPS_EVENT.preemptions);
    this.wokeReader = u32(words, at, ALPS_EVENT.woke_reader) !== 0;
    this.timeNs = u64(words, at, ALPS_EVENT.time_ns);
    this.startNs = u64(words, at, ALPS_EVENT.start_ns);
    this.firstRunNs = u64(words, at, ALPS_EVENT.first_run_ns);
    this.cpuNs = u64(words, at, ALPS_EVENT.cpu_ns);
    this.waitNs = u64(words, at, ALPS_EVENT.wait_ns);
    this.endNs = u64(words, at, ALPS_EVENT.end_ns);
    this.sequence = u32(words, at, ALPS_EVENT.sequence);
    this.flags = u32(words, at, ALPS_EVENT.flags);
    this.idlePeriods = u32(words, at, ALPS_EVENT.idle_periods);
    this.taskStartTicks = u64(words, at, ALPS_EVENT.task_start_ticks);
  }
}

/** A process that the kernel side has no verdict on. Plain data: it crosses threads. */
export interface Question {
  pid: number;
  parentPid: number;
  rulesGeneration: number;
  /** The function that it belongs to so far; 0 = none. */
  currentFunctionId: number;
  processStartNs: number;
  /** Where its invocation began, if it is one, and the CPU time that it had used by then. */
  beginNs: number;
  execBaseNs: number;
  /** Address of its command line, by which one exec is told from the next. */
  argStart: number;
  /** Its cgroup of the cpu controller when the key was made; 0 = not known. */
  cgroupId: number;
  /** Effective user id, where a rule looks at it; else 0. */
  uid: number;
  comm: string;
  /** Command line, parts joined by spaces; possibly cut. Empty where another process caused the question. */
  commandLine: string;
  /** As exec was called; empty where the question came from elsewhere. */
  execPath: string;
  /** The key to remember the verdict by, as the kernel side made it. */
  key: Uint8Array<ArrayBuffer>;
}

/** Reads the question at byte `at` of the ring's memory, copying all of it. */
export function decodeQuestion(bytes: Uint8Array, at: number): Question {
  const record = bytes.slice(at, at + ALPS_CLASSIFY.size);
  const view = new DataView(record.buffer);
  const u32 = (offset: number) => view.getUint32(offset, true);
  const u64 = (offset: number) => Number(view.getBigUint64(offset, true));
  const key = record.slice(ALPS_CLASSIFY.key, ALPS_CLASSIFY.key + ALPS_KEY.size);
  const args = record.subarray(ALPS_CLASSIFY.args, ALPS_CLASSIFY.args + u32(ALPS_CLASSIFY.args_len));
  return {
    pid: u32(ALPS_CLASSIFY.pid),
    parentPid: u32(ALPS_CLASSIFY.parent_pid),
    rulesGeneration: u32(ALPS_CLASSIFY.rules_generation),
    currentFunctionId: u32(ALPS_CLASSIFY.current_function_id),
    processStartNs: u64(ALPS_CLASSIFY.process_start_ns),
    beginNs: u64(ALPS_CLASSIFY.begin_ns),
    execBaseNs: u64(ALPS_CLASSIFY.exec_base_ns),
    argStart: u64(ALPS_CLASSIFY.arg_start),
    cgroupId: u64(ALPS_CLASSIFY.cgroup_id),
    uid: u32(ALPS_CLASSIFY.key + ALPS_KEY.uid),
    comm: fromCString(record.subarray(ALPS_CLASSIFY.comm, ALPS_CLASSIFY.comm + ALPS_LIMITS.ALPS_COMM_LEN)),
    commandLine: decoder.decode(args).replace(/\0+$/, "").replaceAll("\0", " "),
    execPath: fromCString(key.subarray(ALPS_KEY.path, ALPS_KEY.path + ALPS_LIMITS.ALPS_PATH_LEN)),
    key,
  };
}
