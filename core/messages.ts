/** What the agent's main thread and its event thread tell each other. */

import type { BackendName } from "./backend_choice.ts";
import type { EnforcementState } from "./enforcement.ts";
import type { Enforcer, EnforcerCounters } from "../enforce/enforcer.ts";
import type { LatencySummary } from "../enforce/latency_log.ts";
import type { SchedulerFigures } from "../enforce/scx_scheduler.ts";
import type { Member } from "../observe/active_set.ts";
import type { Question } from "../observe/events.ts";
import type { Invocation } from "../observe/invocation.ts";
import type { PackedOrders } from "./orders.ts";

/** How the event thread starts. Descriptors are the process's: both threads can use them. */
export interface EventThreadOptions {
  eventsFd: number;
  slotsFd: number;
  tasksFd: number;
  functionStatsFd: number;
  sharedFd: number;
  /** Link of the eBPF iterator `foreign_groups`. */
  foreignGroupsFd: number;
  /** Readable when the main thread has posted a message. */
  wakeFd: number;
  /** One 32-bit counter: messages posted by the main thread. */
  posted: SharedArrayBuffer;
  /** One 64-bit float, written by the event thread: when its loop last went round, in monotonic nanoseconds. */
  wentRound: SharedArrayBuffer;
  backend: BackendName;
  /** Whether the stock backend takes the scheduler's place where that cannot be loaded after all. */
  orStock?: boolean | undefined;
  /** Of the journal; undefined: nothing is written down (benchmarks, tests). */
  journalFd?: number | undefined;
  cpus: number[];
  migrate: boolean;
  /** How long a task that wants a CPU may go without at most. */
  maxWaitNs: number;
}

/** Main thread → event thread. */
export type ToEventThread =
  | { type: "start"; options: EventThreadOptions }
  | { type: "orders"; orders: PackedOrders }
  | { type: "report" }
  /** After events were lost: the tasks of all invocations. */
  | { type: "members"; members: Member[] }
  /** A person's switch. */
  | { type: "enforcement"; enabled: boolean }
  | { type: "stop" };

/** Figures of the scheduler in the kernel. */
export interface SchedulerReport extends SchedulerFigures {
  /** How often it was ended against our will, or could not be put in force. */
  ends: number;
}

/** Figures of the event thread, for metrics and benchmarks. */
export interface EventThreadReport {
  active: number;
  missedEnds: number;
  counters: EnforcerCounters;
  /** The one in force at this moment. */
  backend: Enforcer["name"];
  /** Why it is not the one that is wanted; undefined where it is. */
  trouble: string | undefined;
  /** Of the scheduler in the kernel; undefined where the backend is another. */
  scheduler: SchedulerReport | undefined;
  /** From an event in the kernel to the last attribute changed because of it; events that woke the thread only. */
  eventToAction: LatencySummary;
  /** From promotion of a waiting invocation to its running. */
  promotionToRunning: LatencySummary;
  /** Time for one decision, attributes included. */
  decision: LatencySummary;
  /** Most invocations that were in progress at once. */
  mostActive: number;
}

/** Event thread → main thread. */
export type FromEventThread =
  /** It has its ring and its class: `realtime` says whether `SCHED_FIFO` was to be had, `note` why not. */
  | { type: "ready"; realtime: boolean; note?: string }
  | {
    type: "batch";
    ended: Invocation[];
    questions: Question[];
    instances: [functionId: number, active: number][];
    /** Functions of mode auto that have shown to be warm, or not to be so. */
    modes: [functionId: number, warm: boolean][];
    report: EventThreadReport;
  }
  | { type: "report"; report: EventThreadReport }
  /** It has changed by the guard, or has been carried out as `answer` to a person. */
  | { type: "enforcement"; state: EnforcementState; answer: boolean }
  /** A warning for people, told once. */
  | { type: "note"; text: string }
  | { type: "stopped" }
  | { type: "failed"; message: string };
