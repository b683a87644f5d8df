/** The scheduler's eBPF object: loaded, put in force, taken out of force, told ranks, asked for its figures. */

import { Buffer } from "node:buffer";
import { readAsset } from "../ffi/assets.ts";
import { ALPS_SCX } from "../ffi/layout.ts";
import { BpfMap, type BpfObject, Libbpf } from "../ffi/libbpf.ts";
import type { Libc, Mapping } from "../ffi/libc.ts";
import { boundNs, RankHolder, type SharedFds, shareMaps } from "./rank_holder.ts";

/** A task that has not run for 30 s has the kernel end the scheduler: the bound stays far below. */
const MOST_BOUND_NS = 15e9;

/** Names within the object. */
const OPS = "alps_ops", ON_EXEC = "on_exec_scx", REORDER = "reorder";

/** How the scheduler has ended by itself: the kernel's words. */
export interface SchedulerExit {
  /** `enum scx_exit_kind`: from 1024 on an error. */
  readonly kind: number;
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  /** The kernel's dump of all queues and tasks; empty where there is none. */
  readonly dump: string;
}

/** Flags of the callbacks' table (`enum scx_ops_flags`) in bpf/scx.bpf.c. */
const ENQ_LAST = 1n << 1n, HAS_CGROUP_WEIGHT = 1n << 16n;

/**
 * Opens the object. `SCX_OPS_HAS_CGROUP_WEIGHT` keeps Linux 6.12 to 6.17 from warning that weights of cgroups are ignored; later
 * kernels do not know it, and refuse what they do not know.
 */
export function openScheduler(library: Libbpf): BpfObject {
  const object = library.open(readAsset("bpf/scx.bpf.o"), "scx");
  const known = kernelTypesName("SCX_OPS_HAS_CGROUP_WEIGHT");
  object.setStructOps(OPS, "sched_ext_ops", "flags", known ? ENQ_LAST | HAS_CGROUP_WEIGHT : ENQ_LAST);
  return object;
}

/** Whether the kernel's type information has a name: names stand between zeros in its text. */
function kernelTypesName(name: string): boolean {
  return Buffer.from(Deno.readFileSync("/sys/kernel/btf/vmlinux").buffer).includes(`\0${name}\0`);
}

/** Counted since the scheduler was loaded. See `struct alps_scx` in bpf/alps.h. */
export interface SchedulerFigures {
  readonly dispatches: number;
  readonly otherDispatches: number;
  readonly direct: number;
  readonly preemptions: number;
  readonly otherPreemptions: number;
  readonly overdue: number;
  readonly floor: number;
  readonly throttles: number;
  readonly lostGroup: number;
  readonly lostWait: number;
  readonly longestWaitNs: number;
  readonly queued: number;
  readonly otherQueued: number;
}

/** The kernel ends a scheduler of its own accord with kinds from here on; below are user space's own ends. */
export const FIRST_ERROR_KIND = 1024;

/** Closing takes it out of force and frees everything. */
export class ScxScheduler extends RankHolder implements Disposable {
  readonly #resources: DisposableStack;
  readonly #object: BpfObject;
  protected readonly ranks: BpfMap;
  readonly #state: Mapping;
  readonly #view: DataView;
  #attached = false;

  /**
   * Loads it, without putting it in force.
   *
   * @param maxWaitNs the longest that a task is to wait for a CPU
   * @throws KernelError where the kernel refuses
   */
  constructor(libc: Pick<Libc, "map">, fds: SharedFds, maxWaitNs: number) {
    super();
    using cleanup = new DisposableStack();
    const library = cleanup.use(new Libbpf());
    this.#object = cleanup.use(openScheduler(library));
    this.#object.setConstants({
      bound_ns: boundNs(maxWaitNs, MOST_BOUND_NS),
      cpu_ids: cpuIds(),
    });
    shareMaps(this.#object, fds);
    this.#object.load();
    this.ranks = new BpfMap(library, this.#object.mapFd("ranks"), "ranks");
    this.#state = cleanup.use(libc.map(this.#object.mapFd(".data.scx"), ALPS_SCX.size, 0, true));
    this.#view = new DataView(this.#state.buffer);
    this.#resources = cleanup.move();
  }

  /** Puts it in force: from here on it schedules every normal task of the machine. Throws KernelError where that fails. */
  attach(): void {
    if (this.#attached) return;
    this.#view.setBigUint64(ALPS_SCX.exit_kind, 0n, true);
    this.#object.attachStructOps(OPS);
    this.#attached = true;
    this.#object.attach(ON_EXEC);
  }

  /** Gives the machine back to the kernel's default scheduler; returns once that is done. */
  detach(): void {
    if (!this.#attached) return;
    this.#attached = false;
    this.#object.detach(ON_EXEC);
    this.#object.detach(OPS);
  }

  /** Whether it schedules. Costs nothing. */
  get inForce(): boolean {
    return this.#attached && this.#view.getUint32(ALPS_SCX.exit_kind, true) === 0;
  }

  /** How the kernel has ended it; undefined where it has not. */
  get ended(): SchedulerExit | undefined {
    if (!this.#attached || this.inForce) return undefined;
    return {
      kind: this.#number(ALPS_SCX.exit_kind),
      code: Number(this.#view.getBigInt64(ALPS_SCX.exit_code, true)),
      reason: this.#text(ALPS_SCX.exit_reason, ALPS_SCX.exit_message),
      message: this.#text(ALPS_SCX.exit_message, ALPS_SCX.exit_dump),
      dump: this.#text(ALPS_SCX.exit_dump, ALPS_SCX.size),
    };
  }

  /** After ranks have changed: those that wait are put where they belong now. */
  reorder(): void {
    if (this.inForce) this.#object.run(REORDER);
  }

  figures(): SchedulerFigures {
    return {
      dispatches: this.#number(ALPS_SCX.dispatches),
      otherDispatches: this.#number(ALPS_SCX.other_dispatches),
      direct: this.#number(ALPS_SCX.direct),
      preemptions: this.#number(ALPS_SCX.preemptions),
      otherPreemptions: this.#number(ALPS_SCX.other_preemptions),
      overdue: this.#number(ALPS_SCX.overdue),
      floor: this.#number(ALPS_SCX.floor),
      throttles: this.#number(ALPS_SCX.throttles),
      lostGroup: this.#number(ALPS_SCX.lost_group),
      lostWait: this.#number(ALPS_SCX.lost_wait),
      longestWaitNs: this.#number(ALPS_SCX.longest_wait_ns),
      queued: this.#number(ALPS_SCX.queued),
      otherQueued: this.#number(ALPS_SCX.other_queued),
    };
  }

  #number(offset: number): number {
    return Number(this.#view.getBigUint64(offset, true));
  }

  #text(from: number, to: number): string {
    const bytes = new Uint8Array(this.#state.buffer).subarray(from, to);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(bytes.slice(0, end < 0 ? bytes.length : end));
  }

  [Symbol.dispose](): void {
    this.detach();
    this.#resources.dispose();
  }
}

/** One more than the highest number that a CPU of this machine can have. */
function cpuIds(): number {
  const possible = Deno.readTextFileSync("/sys/devices/system/cpu/possible");
  return Math.max(...possible.split(/[,-]/).map(Number)) + 1;
}
