/** Tasks with scheduling attributes and CPU masks, in memory: what the stock backend uses of the kernel. */

import { SCHED_IDLE, SCHED_NORMAL, type SchedAttr } from "../../ffi/libc.ts";

/** The slice that a task without one of its own reads, in nanoseconds. */
export const MACHINE_SLICE_NS = 2_800_000n;

/** What a task has that nobody has changed. */
export const PLAIN: SchedAttr = {
  policy: SCHED_NORMAL,
  flags: 0n,
  nice: 0,
  priority: 0,
  runtimeNs: MACHINE_SLICE_NS,
};

export class FakeTasks {
  readonly attrs = new Map<number, SchedAttr>();
  readonly masks = new Map<number, bigint>();
  /** Every successful change of attributes, in order. */
  readonly changes: [tid: number, attr: SchedAttr][] = [];
  /** Tasks that refuse changes, with the errno. */
  readonly refuse = new Map<number, number>();

  add(tid: number, attr: Partial<SchedAttr> = {}): void {
    this.attrs.set(tid, { ...PLAIN, ...attr });
    this.masks.set(tid, 0xffn);
  }

  remove(tid: number): void {
    this.attrs.delete(tid);
    this.masks.delete(tid);
  }

  getAttr(tid: number): SchedAttr | number {
    return tid === 0 ? PLAIN : this.attrs.get(tid) ?? -3;
  }

  setAttr(tid: number, attr: SchedAttr): number {
    if (!this.attrs.has(tid)) return -3;
    const errno = this.refuse.get(tid);
    if (errno !== undefined) return -errno;
    const runtimeNs = attr.runtimeNs === 0n ? MACHINE_SLICE_NS : attr.runtimeNs;
    // The kernel keeps a task's nice value while it is in the idle class, and shows that.
    const nice = attr.policy === SCHED_IDLE ? this.attrs.get(tid)!.nice : attr.nice;
    this.attrs.set(tid, { ...attr, nice, runtimeNs });
    this.changes.push([tid, attr]);
    return 0;
  }

  getAffinity(tid: number, into: Uint8Array<ArrayBuffer>): number {
    const mask = this.masks.get(tid);
    if (mask === undefined) return -3;
    new DataView(into.buffer).setBigUint64(0, mask, true);
    return 8;
  }

  /** As on a machine of eight CPUs: others are left out. */
  setAffinity(tid: number, from: Uint8Array<ArrayBuffer>): number {
    if (!this.masks.has(tid)) return -3;
    this.masks.set(tid, 0xffn & new DataView(from.buffer, from.byteOffset).getBigUint64(0, true));
    return 0;
  }
}
