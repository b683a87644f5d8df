/**
 * Schedulers in user space, as a platform would run them beside the kernel: told which process does which invocation, they
 * set scheduling attributes. Pure: what they do to processes goes through {@link Tasks}.
 */
import { SCHED_FIFO, SCHED_NORMAL } from "../../ffi/libc.ts";

/** Round robin in a real-time class (include/uapi/linux/sched.h). */
export const SCHED_RR = 2;

/** How a task is scheduled. */
export interface Place {
  /** `SCHED_NORMAL`, `SCHED_FIFO`, … */
  readonly policy: number;
  /** −20 to 19; of the fair class. */
  readonly nice: number;
  /** 1 to 99; of the real-time classes. */
  readonly priority: number;
}

/** The kernel's default. */
export const FAIR: Place = { policy: SCHED_NORMAL, nice: 0, priority: 0 };

/**
 * Functions' real-time priority: the lowest, which still goes before everything fair. Host, client and the thread that
 * schedules are above it, under every policy, so that functions never keep requests from being taken in.
 */
export const FUNCTION_PRIORITY = 1;

/** First in, first out: it runs until it sleeps, ends or is moved elsewhere. */
export const FIRST_COME: Place = { policy: SCHED_FIFO, nice: 0, priority: FUNCTION_PRIORITY };

/** What a scheduler can do to processes, and see of them. */
export interface Tasks {
  /** Has a process, with its threads and children, scheduled so. */
  schedule(pid: number, place: Place): void;
  /** Whether it wants no CPU now. */
  isAsleep(pid: number): boolean;
  /** CPU time that it has used, in nanoseconds; undefined where it is gone. */
  cpuNs(pid: number): number | undefined;
}

/** A scheduler. Times in nanoseconds on one clock. */
export interface Scheduler {
  /** A process begins an invocation of a function. */
  started(pid: number, functionName: string, nowNs: number): void;
  /** It has ended, and has used so much CPU time. */
  ended(pid: number, cpuNs: number, nowNs: number): void;
  /**
   * Called after each batch of the two above, and when it has asked for it.
   * @returns when it wants to be called again at the latest; Infinity for after the next event
   */
  decide(nowNs: number): number;
}
