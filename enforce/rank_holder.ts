/** What eBPF objects that order by ranks have in common: the map of ranks, and the observer's maps that they work with. */

import { ALPS_RANK_LIMITS } from "../ffi/layout.ts";
import { type BpfMap, type BpfObject, u32Key } from "../ffi/libbpf.ts";
import type { ObserverFds } from "../observe/observer.ts";
import { type KernelRank, packRank } from "./scx_ranks.ts";

/** What of the observer's maps they work with. */
export type SharedFds = Pick<ObserverFds, "slotsFd" | "tasksFd" | "functionStatsFd" | "sharedFd">;

/** Part of the longest wait after which a task goes first: it may have to wait for others that do so, too. */
const BOUND_PART = 0.8;

/** The bound on waiting that an object is given, in nanoseconds, for the longest wait allowed and the most that its kernel bears. */
export function boundNs(maxWaitNs: number, mostNs: number): number {
  return Math.round(Math.min(BOUND_PART * maxWaitNs, mostNs));
}

/** Has an object that is not loaded yet use the observer's maps. */
export function shareMaps(object: BpfObject, fds: SharedFds): void {
  object.reuseMap("slots", fds.slotsFd);
  object.reuseMap("tasks", fds.tasksFd);
  object.reuseMap("function_stats", fds.functionStatsFd);
  object.reuseMap(".data.shared", fds.sharedFd);
}

/** Hands ranks to the kernel. */
export abstract class RankHolder {
  protected abstract readonly ranks: Pick<BpfMap, "set" | "delete">;

  /** Sets a function's rank. */
  setRank(functionId: number, rank: KernelRank): void {
    this.ranks.set(u32Key(functionId), packRank(rank));
  }

  deleteRank(functionId: number): void {
    this.ranks.delete(u32Key(functionId));
  }

  /** What orders functions of which nothing is known. */
  setPrior(rank: KernelRank | undefined): void {
    if (rank) this.setRank(ALPS_RANK_LIMITS.ALPS_PRIOR, rank);
    else this.deleteRank(ALPS_RANK_LIMITS.ALPS_PRIOR);
  }
}
