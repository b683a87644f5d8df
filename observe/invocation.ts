/**
 * The words that every part of the agent shares: what an invocation is, once the kernel has seen it end.
 *
 * All times are nanoseconds of `CLOCK_MONOTONIC` as plain numbers: exact up to 2^53 ns, which is 104 days of uptime;
 * beyond that the error is a few nanoseconds.
 */

/** One finished invocation, as the eBPF programs measured it. */
export interface Invocation {
  /** The agent's number of the function (its `id`, as a string, in the HTTP interface). */
  readonly functionId: number;
  /** Process id of the invocation's first process. */
  readonly pid: number;
  /** How it was delimited: a process of its own, or a busy stretch of a long-lived instance. */
  readonly kind: "process" | "warm";
  /** When it began: the fork or exec of its first process; of a warm one, its instance's waking up. */
  readonly startNs: number;
  /** When the last of its tasks exited; of a warm one, when its instance became idle. */
  readonly endNs: number;
  /** CPU time of all its threads and child processes. */
  readonly cpuNs: number;
  /** Time that its tasks were runnable but not running, added up over the tasks. */
  readonly waitNs: number;
  /** When it first got a CPU, counted from its start. */
  readonly firstRunNs: number;
  /** How often one of its tasks lost the CPU while it could have gone on. */
  readonly preemptions: number;
  /** Of a warm one: several of its tasks wanted a CPU at once, as where requests overlap. They look like one invocation. */
  readonly overlapped?: boolean;
}

/** Start to end of an invocation, in nanoseconds. */
export function turnaroundNs(invocation: Pick<Invocation, "startNs" | "endNs">): number {
  return invocation.endNs - invocation.startNs;
}
