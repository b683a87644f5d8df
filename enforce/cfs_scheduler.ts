/** The eBPF programs that answer the patched kernel's hooks: loaded, switched on and off, told ranks. */

import { readAsset } from "../ffi/assets.ts";
import { BpfMap, type BpfObject, Libbpf } from "../ffi/libbpf.ts";
import { CFS_SWITCH } from "./cfs_support.ts";
import { boundNs, RankHolder, type SharedFds, shareMaps } from "./rank_holder.ts";

/** The kernel's own bound; a longer wait cannot be asked for. */
const MOST_BOUND_NS = 20e9;

/** In this order: an invocation's parent is known before its children are ranked. */
const PROGRAMS = ["on_exec_cfs", "cfs_max_wait", "cfs_rank"];

/** Closing switches it off and frees everything. */
export class CfsScheduler extends RankHolder implements Disposable {
  readonly #resources: DisposableStack;
  readonly #object: BpfObject;
  protected readonly ranks: BpfMap;
  #held: Deno.FsFile | undefined;
  #attached = false;

  /**
   * Loads it, without switching it on.
   *
   * @param maxWaitNs the longest that a function's task is to wait for a CPU
   * @throws KernelError where the kernel refuses
   */
  constructor(fds: SharedFds, maxWaitNs: number) {
    super();
    using cleanup = new DisposableStack();
    const library = cleanup.use(new Libbpf());
    this.#object = cleanup.use(library.open(readAsset("bpf/cfs.bpf.o"), "cfs"));
    this.#object.setConstants({ bound_ns: boundNs(maxWaitNs, MOST_BOUND_NS) });
    shareMaps(this.#object, fds);
    this.#object.load();
    this.ranks = new BpfMap(library, this.#object.mapFd("ranks"), "ranks");
    this.#resources = cleanup.move();
  }

  /**
   * Switches it on. The programs are attached first and detached last: the kernel calls the hooks only in between, so that
   * no hook is rewritten while it runs. The kernel switches it off by itself when this process ends in any way.
   *
   * @throws KernelError where an attachment fails, Deno.errors where somebody else has it switched on
   */
  attach(): void {
    if (this.#held) return;
    try {
      if (!this.#attached) { for (const name of PROGRAMS) this.#object.attach(name); }
      this.#attached = true;
      this.#held = Deno.openSync(CFS_SWITCH, { read: true, write: true });
    } catch (error) {
      this.#detachPrograms();
      throw error;
    }
  }

  /** Switches it off; returns once CFS is plain again. */
  detach(): void {
    this.rest();
    if (this.#attached) this.#detachPrograms();
  }

  /** Switches it off, and leaves the programs where they are: nobody calls them. Switching it on again takes a moment only. */
  rest(): void {
    this.#held?.close();
    this.#held = undefined;
  }

  #detachPrograms(): void {
    this.#attached = false;
    for (const name of PROGRAMS.toReversed()) this.#object.detach(name);
  }

  get inForce(): boolean {
    return this.#held !== undefined;
  }

  /** After ranks have changed: those that wait are put where they belong now. */
  reorder(): void {
    this.#held?.writeSync(new Uint8Array([10]));
  }

  [Symbol.dispose](): void {
    this.detach();
    this.#resources.dispose();
  }
}
