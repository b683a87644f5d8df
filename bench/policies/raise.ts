/**
 * Host and client above the functions, under every policy alike: under policies that put functions into a real-time class
 * they would otherwise starve, and what is measured would be how late requests are taken in.
 */
import { NotPossibleError } from "../../cli/errors.ts";
import { errnoName } from "../../ffi/errors.ts";
import { type Libc, SCHED_FIFO, SCHED_FLAG_RESET_ON_FORK, type SchedAttr } from "../../ffi/libc.ts";

/** Above functions and the agent's event thread, below the policy thread. */
const FIFO: SchedAttr = { policy: SCHED_FIFO, flags: 0n, nice: 0, priority: 20, runtimeNs: 0n };

/**
 * Raises a host: the process that takes in requests, and its native parent of the functions, whose children begin with the
 * default. Both end with the benchmark, so nothing has to be put back.
 */
export function raiseHost(libc: Libc, hostPid: number, parentPid: number): void {
  for (const { name } of Deno.readDirSync(`/proc/${hostPid}/task`)) set(libc, Number(name), FIFO);
  set(libc, parentPid, { ...FIFO, flags: SCHED_FLAG_RESET_ON_FORK });
}

/**
 * Runs something with this process's main thread raised, and with it what is started meanwhile: the load generator. Put back
 * on every way out.
 */
export async function whileRaised<T>(libc: Libc, action: () => Promise<T>): Promise<T> {
  const before = libc.getAttr(0);
  if (typeof before === "number") return await action();
  set(libc, 0, FIFO);
  try {
    return await action();
  } finally {
    libc.setAttr(0, before);
  }
}

function set(libc: Libc, tid: number, attr: SchedAttr): void {
  const status = libc.setAttr(tid, attr);
  if (status < 0) {
    throw new NotPossibleError(
      `cannot put host and client before the functions: ${errnoName(-status)}`,
      "run the benchmark where real-time scheduling is allowed: as root, in the top cgroup of the cpu controller",
    );
  }
}
