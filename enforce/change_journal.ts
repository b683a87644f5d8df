/** What is written down before anything on the machine is changed, so that it can be undone after any end of the agent. */

import type { SchedAttr } from "../ffi/libc.ts";

/** A cgroup's file, as it was and as we leave it. */
export interface CgroupChange {
  /** Absolute path of the cgroup's folder. */
  readonly path: string;
  /** Of that folder: a cgroup made later under the same path has another. */
  readonly inode: number;
  /** Name of the file within: `cpu.shares`, `cpu.weight`, `cpu.idle`. */
  readonly file: string;
  readonly before: string;
  readonly ours: string;
}

/** Records changes that are in force. A record is written before its change. */
export interface ChangeJournal {
  /**
   * A task is about to get other scheduling attributes.
   * @param before what it has, and is to have again
   * @param ours what it gets
   * @returns a handle for {@link done}, or -1 where nothing more can be recorded: then nothing must be changed
   */
  beforeTask(tid: number, before: SchedAttr, ours: SchedAttr): number;
  /**
   * A task is about to be allowed one CPU only, for a moment. One task at a time.
   * @param mask the CPUs that it is allowed, at most 128 bytes
   * @returns as {@link beforeTask}
   */
  beforeMove(tid: number, mask: Uint8Array, cpu: number): number;
  /** As {@link beforeTask}, for a cgroup. */
  beforeCgroup(change: CgroupChange): number;
  /** It has been put back, or what was changed is gone. */
  done(handle: number): void;
}

/** Records nothing: for tests, and for backends that leave nothing behind. */
export const NO_JOURNAL: ChangeJournal = {
  beforeTask: () => 0,
  beforeMove: () => 0,
  beforeCgroup: () => 0,
  done: () => {},
};
