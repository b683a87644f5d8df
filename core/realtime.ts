/** What makes the event thread fast from its first event on, and keeps others from holding it up. */

import { cgroupMount } from "../enforce/cgroup_mount.ts";
import { errnoName } from "../ffi/errors.ts";
import { type Libc, SCHED_FIFO, SCHED_FLAG_RESET_ON_FORK } from "../ffi/libc.ts";

/** Until the optimizing compiler has seen enough; about 50 ms. */
const WARM_UP_TURNS = 10_000;

/**
 * Makes the compiler take the calls of every wake-up seriously before they are needed: at 25 wake-ups a second they would
 * be interpreted for minutes, which is four times the instructions, and from memory that is in no cache.
 * @param turn what every wake-up does
 */
export function warmUp(libc: Libc, turn: () => void): void {
  const own = libc.getAttr(0);
  for (let i = 0; i < WARM_UP_TURNS; i++) {
    turn();
    if (typeof own !== "number") libc.setAttr(0, own);
    libc.getAttr(0);
  }
}

/**
 * Puts the calling thread into a real-time class; its children and the other threads keep the default class. Kernels with
 * CONFIG_RT_GROUP_SCHED give the cgroups that systemd makes for services no real-time budget (`cpu.rt_runtime_us` is 0): in
 * version 1, where each thread has a cgroup of its own, the thread then moves to the top one.
 */
export function becomeRealtime(libc: Libc): { realtime: boolean; note?: string } {
  const fifo = { policy: SCHED_FIFO, flags: SCHED_FLAG_RESET_ON_FORK, nice: 0, priority: 1, runtimeNs: 0n };
  let status = libc.setAttr(0, fifo);
  if (status === 0) return { realtime: true };
  if (enterTopGroup()) status = libc.setAttr(0, fifo);
  if (status === 0) return { realtime: true };
  libc.setNice(0, -20);
  return { realtime: false, note: `SCHED_FIFO was refused: ${errnoName(-status)}` };
}

/** Moves the calling thread to the top cgroup of the cpu controller, where threads can be moved alone. */
function enterTopGroup(): boolean {
  const mount = cgroupMount();
  if (mount?.version !== 1) return false;
  try {
    // 0 is whoever writes it (Documentation/admin-guide/cgroup-v1/cgroups.rst).
    Deno.writeTextFileSync(`${mount.path}/tasks`, "0");
    return true;
  } catch {
    return false;
  }
}
