/** The eBPF side as the main thread sees it: loaded, attached, told about rules, asked for counters. */

import { readAsset } from "../ffi/assets.ts";
import { EPERM, KernelError, NotSupportedError } from "../ffi/errors.ts";
import {
  ALPS_ADOPT,
  ALPS_FUNCTION_STATS,
  ALPS_IDLE,
  ALPS_KEY_PARTS,
  ALPS_LIMITS,
  ALPS_MEMBER,
  ALPS_MODE,
  ALPS_TELL,
  ALPS_VERDICT,
  ALPS_VERDICT_FLAGS,
} from "../ffi/layout.ts";
import { BpfMap, type BpfObject, Libbpf, u32Key } from "../ffi/libbpf.ts";
import { Libc } from "../ffi/libc.ts";
import { decodeStats, type FunctionStats } from "./function_stats.ts";
import { hasTimers, requireObservable, seesLocks } from "./kernel_features.ts";
import type { Member } from "./active_set.ts";
import type { RuleUses } from "./rule_set.ts";
import { SharedPage, waitBucketNs } from "./slots.ts";

/**
 * What processes of one kind are: a function's number, 0 for none; undefined has the kernel side ask every time. By its place
 * alone (`discovered`) none is taken out of an invocation unasked, and with `asksOfEntrants` none becomes a function's unasked but what
 * the function's own processes fork.
 */
export type KeyVerdict =
  | number
  | { readonly discovered: number; readonly asksOfEntrants: boolean }
  | "excluded"
  | undefined;

/** An hour: no platform lets an invocation take longer by itself. */
const TOLD_HOLDS_MS = 3_600_000;

/** How often timers are prepared before what is missing stays so until the next mode is set. */
const MOST_TIMER_ATTEMPTS = 10;

/** How often running processes are taken in before those tasks are lost for which there was no memory. */
const MOST_ADOPT_ATTEMPTS = 8;

/** Descriptors of what the kernel side keeps, valid until the observer is closed. */
export interface ObserverFds {
  readonly eventsFd: number;
  readonly slotsFd: number;
  readonly tasksFd: number;
  readonly functionStatsFd: number;
  readonly sharedFd: number;
  /** Link of the eBPF iterator `foreign_groups`. */
  readonly foreignGroupsFd: number;
}

/** A process to make part of an invocation: `struct alps_adopt`. */
export interface Adoption {
  pid: number;
  /** 0 takes the process out of its invocation. */
  functionId: number;
  /** First process of its invocation; its own pid where it is that. */
  root: number;
  /** Must be the process's, where given; nanoseconds of the monotonic clock. */
  processStartNs?: number;
  /** Of the invocation (root only); the process's start where it is left out. */
  beginNs?: number;
  /** CPU time of the process that is not the invocation's. */
  execBaseNs?: number;
}

/** Loaded and attached eBPF programs. Closing detaches them and frees their maps. */
export class Observer implements Disposable {
  readonly #resources = new DisposableStack();
  readonly libc: Libc;
  readonly shared: SharedPage;
  readonly #object: BpfObject;
  readonly #verdicts: BpfMap;
  readonly #adoptions: BpfMap;
  readonly #stats: BpfMap;
  readonly #modes: BpfMap;
  readonly #helpers: BpfMap;
  readonly #telling: BpfMap;
  readonly #idle: BpfMap;
  /** Timers for the ends of gaps that have not been prepared. */
  #timersMissing: number;

  /**
   * @param cores CPUs that invocations run on
   * @param maxWaitNs a task's wait for a CPU that is longer than this is counted
   * @param timers whether eBPF programs have timers: without, a warm invocation's end is known at the next one's begin
   * @param told how long after a platform has told of an instance gaps do not count there
   * @throws NotSupportedError where this machine lacks something, KernelError where the kernel refuses
   */
  constructor(cores: number, maxWaitNs = 5e9, timers = hasTimers(), told = { holdsMs: TOLD_HOLDS_MS }) {
    requireObservable();
    this.#timersMissing = timers ? ALPS_LIMITS.ALPS_GAP_TIMERS : 0;
    using cleanup = new DisposableStack();
    this.libc = cleanup.use(new Libc());
    const library = cleanup.use(new Libbpf());
    this.#object = cleanup.use(library.open(readAsset("bpf/observe.bpf.o"), "observe"));
    this.#object.setConstants({
      max_wait_ns: maxWaitNs,
      wait_bucket_ns: waitBucketNs(maxWaitNs),
      has_timers: timers ? 1 : 0,
      told_holds_ms: told.holdsMs,
    });
    loadPrograms(this.#object);
    this.shared = cleanup.use(new SharedPage(this.libc, this.#object.mapFd(".data.shared")));
    this.shared.cores = cores;
    this.#verdicts = new BpfMap(library, this.#object.mapFd("verdicts"), "verdicts");
    this.#adoptions = new BpfMap(library, this.#object.mapFd("adoptions"), "adoptions");
    this.#stats = new BpfMap(library, this.#object.mapFd("function_stats"), "function_stats");
    this.#modes = new BpfMap(library, this.#object.mapFd("modes"), "modes");
    this.#helpers = new BpfMap(library, this.#object.mapFd("helper_groups"), "helper_groups");
    this.#telling = new BpfMap(library, this.#object.mapFd("telling"), "telling");
    this.#idle = new BpfMap(library, this.#object.mapFd("idle_lengths"), "idle_lengths");
    this.#object.attachAll();
    this.#resources = cleanup.move();
  }

  /** Descriptors for the event thread. */
  get fds(): ObserverFds {
    return {
      eventsFd: this.#object.mapFd("events"),
      slotsFd: this.#object.mapFd("slots"),
      tasksFd: this.#object.mapFd("tasks"),
      functionStatsFd: this.#object.mapFd("function_stats"),
      sharedFd: this.#object.mapFd(".data.shared"),
      foreignGroupsFd: this.#object.linkFd("foreign_groups"),
    };
  }

  /** Puts a set of rules in force; all verdicts so far are void. Call it before scanning for running processes. */
  setRules(generation: number, uses: RuleUses): void {
    let parts = 0;
    if (uses.exe || uses.cmd) parts |= ALPS_KEY_PARTS.ALPS_KEY_EXE;
    if (uses.comm) parts |= ALPS_KEY_PARTS.ALPS_KEY_COMM;
    if (uses.cgroup) parts |= ALPS_KEY_PARTS.ALPS_KEY_CGROUP;
    if (uses.user) parts |= ALPS_KEY_PARTS.ALPS_KEY_USER;
    this.shared.setRules(generation, parts);
  }

  /** Remembers what processes with this key are. */
  remember(key: Uint8Array<ArrayBuffer>, generation: number, verdict: KeyVerdict): void {
    const value = new Uint8Array(ALPS_VERDICT.size), view = new DataView(value.buffer);
    const found = typeof verdict === "object" ? verdict.discovered : verdict;
    view.setUint32(ALPS_VERDICT.rules_generation, generation, true);
    view.setUint32(ALPS_VERDICT.function_id, typeof found === "number" ? found : 0, true);
    view.setUint32(
      ALPS_VERDICT.flags,
      verdict === "excluded"
        ? ALPS_VERDICT_FLAGS.ALPS_VERDICT_EXCLUDED
        : verdict === undefined
        ? ALPS_VERDICT_FLAGS.ALPS_VERDICT_ASK
        : typeof verdict === "object"
        ? ALPS_VERDICT_FLAGS.ALPS_VERDICT_DISCOVERED |
          (verdict.asksOfEntrants ? ALPS_VERDICT_FLAGS.ALPS_VERDICT_ENTERED : 0)
        : 0,
      true,
    );
    this.#verdicts.set(key, value);
  }

  /** Makes counters for a new function. They must exist before its first invocation ends. */
  addFunction(functionId: number): void {
    this.#stats.set(u32Key(functionId), new Uint8Array(ALPS_FUNCTION_STATS.size), true);
  }

  /** Removes the counters and the mode of a function that is forgotten. */
  removeFunction(functionId: number): void {
    this.#stats.delete(u32Key(functionId));
    this.#modes.delete(u32Key(functionId));
    this.#idle.delete(u32Key(functionId));
  }

  /**
   * Says that an invocation begins in a warm instance, or that the one in progress is over; from then on gaps do not count there.
   * @returns false where the slot holds no warm instance (any more)
   */
  tell(slot: number, generation: number, begins: boolean): boolean {
    const value = new Uint8Array(ALPS_TELL.size), view = new DataView(value.buffer);
    view.setUint32(ALPS_TELL.slot, slot, true);
    view.setUint32(ALPS_TELL.generation, generation, true);
    view.setUint32(ALPS_TELL.begins, begins ? 1 : 0, true);
    this.#telling.set(u32Key(0), value);
    for (const _ of this.#run("tell", new Uint8Array(64)));
    return this.#telling.get(u32Key(0), value) && view.getUint32(ALPS_TELL.done, true) !== 0;
  }

  /** Has it counted how long a function's instances are idle, each time. */
  watchIdle(functionId: number): void {
    this.#idle.set(u32Key(functionId), new Uint8Array(ALPS_IDLE.size), true);
  }

  /** How often that was how long, in the buckets of {@link FunctionStats}; undefined where it is not counted. */
  idleLengths(functionId: number): Uint32Array | undefined {
    const value = new Uint8Array(ALPS_IDLE.size);
    return this.#idle.get(u32Key(functionId), value) ? new Uint32Array(value.buffer) : undefined;
  }

  /**
   * Says of a cgroup, by its id, that it holds no function and helps one alone, within the pod whose cgroup has the other id;
   * undefined: it does not any more.
   */
  setHelper(cgroupId: number, podId: number | undefined): void {
    const bytes = (id: number) => new Uint8Array(new BigUint64Array([BigInt(id)]).buffer);
    if (podId !== undefined) this.#helpers.set(bytes(cgroupId), bytes(podId));
    else this.#helpers.delete(bytes(cgroupId));
  }

  /**
   * Says how a function's invocations are told apart: `flags` of `enum alps_flags`. Holds for instances that start from now
   * on; with ALPS_AUTO for running ones as well, from their next idle period on.
   */
  setMode(functionId: number, flags: number, gapUs: number): void {
    if (flags !== 0 && this.#timersMissing > 0) this.#prepareTimers();
    const value = new Uint8Array(ALPS_MODE.size), view = new DataView(value.buffer);
    view.setUint32(ALPS_MODE.flags, flags, true);
    view.setUint32(ALPS_MODE.gap_us, gapUs, true);
    this.#modes.set(u32Key(functionId), value);
  }

  /**
   * Prepares the timers. The kernel may have no memory at hand for some of them: then it is made to have some, and asked again.
   * Where that did not help, some slots learn of an invocation's end only from the next one's begin, until a mode is set again.
   */
  #prepareTimers(): void {
    const missing = new Uint32Array(1);
    for (let attempt = 0; attempt < MOST_TIMER_ATTEMPTS; attempt++) {
      for (const _ of this.#run("prepare_timers", new Uint8Array(missing.buffer))) {
        this.#timersMissing = missing[0]!;
      }
      if (this.#timersMissing === 0) return;
      this.#enlargeSlab();
    }
  }

  /**
   * A program's timer comes from a slab that some kernels do not enlarge for it (seen on Linux 6.18, where
   * mm/slub.c:kmalloc_nolock got no page in a loop of 300 attempts). A pipe's inode is of the same size (kmalloc-cg-192), and
   * for that the slab is enlarged.
   */
  #enlargeSlab(): void {
    const ends: number[] = [];
    try {
      for (let i = 0; i < ALPS_LIMITS.ALPS_GAP_TIMERS; i++) ends.push(...this.libc.pipe());
    } catch (error) {
      if (!(error instanceof KernelError)) throw error; // no descriptors left: fewer have to do
    } finally {
      for (const end of ends) this.libc.close(end);
    }
  }

  /**
   * Makes running processes part of invocations; ones that are gone by now are passed over.
   * @returns how many of the invocations' first processes were gone
   */
  adopt(adoptions: readonly Adoption[]): number {
    if (adoptions.length === 0) return 0;
    for (const { pid, functionId, root, processStartNs, beginNs, execBaseNs } of adoptions) {
      const value = new Uint8Array(ALPS_ADOPT.size), view = new DataView(value.buffer);
      view.setUint32(ALPS_ADOPT.function_id, functionId, true);
      view.setUint32(ALPS_ADOPT.root, root, true);
      view.setBigUint64(ALPS_ADOPT.process_start_ns, BigInt(processStartNs ?? 0), true);
      view.setBigUint64(ALPS_ADOPT.begin_ns, BigInt(beginNs ?? 0), true);
      view.setBigUint64(ALPS_ADOPT.exec_base_ns, BigInt(execBaseNs ?? 0), true);
      this.#adoptions.set(u32Key(pid), value);
    }
    try {
      for (let left = MOST_ADOPT_ATTEMPTS; left > 0 && !this.#takeIn(left === 1); left--);
      return adoptions.filter(({ pid, root, functionId }) =>
        functionId !== 0 && pid === root && !this.#hasSlot(pid)
      )
        .length;
    } finally {
      for (const { pid } of adoptions) this.#adoptions.delete(u32Key(pid));
    }
  }

  /** Runs the iterator over what is to be adopted. Returns false where there was no memory for some tasks and trying again may help. */
  #takeIn(lastAttempt: boolean): boolean {
    this.shared.lastAttempt = lastAttempt;
    let all = true;
    for (const _ of this.#run("adopt", new Uint8Array(4096))) all = false;
    return all;
  }

  /**
   * Runs an iterator program to its end. Yields how many bytes of `chunk` it has written, each time that it has.
   * @throws KernelError where it cannot be run
   */
  *#run(program: string, chunk: Uint8Array<ArrayBuffer>): Generator<number> {
    const iterator = this.#object.createIterator(program);
    try {
      for (;;) {
        const bytes = this.libc.read(iterator, chunk);
        if (bytes < 0) throw new KernelError(`cannot run iterator ${program}`, -bytes);
        if (bytes === 0) return;
        yield bytes;
      }
    } finally {
      this.libc.close(iterator);
    }
  }

  /** The tasks of all invocations, as the kernel side has them: some 100 ns for each task of the machine. */
  members(): Member[] {
    const found: Member[] = [], chunk = new Uint8Array(1024 * ALPS_MEMBER.size);
    for (const bytes of this.#run("members", chunk)) {
      const view = new DataView(chunk.buffer, 0, bytes);
      for (let at = 0; at + ALPS_MEMBER.size <= bytes; at += ALPS_MEMBER.size) {
        found.push({
          slot: view.getUint32(at + ALPS_MEMBER.slot, true),
          generation: view.getUint32(at + ALPS_MEMBER.generation, true),
          tid: view.getUint32(at + ALPS_MEMBER.tid, true),
        });
      }
    }
    return found;
  }

  /** Whether the iterator has given an adopted process a slot. */
  #hasSlot(pid: number): boolean {
    const value = new Uint8Array(ALPS_ADOPT.size);
    return this.#adoptions.get(u32Key(pid), value) &&
      new DataView(value.buffer).getUint32(ALPS_ADOPT.slot, true) !== 0;
  }

  /**
   * Counters of a function; undefined where it has none.
   * @param value where they are put, histograms included: whoever asks for thousands uses one again and again
   */
  statsOf(
    functionId: number,
    value: Uint8Array<ArrayBuffer> = new Uint8Array(ALPS_FUNCTION_STATS.size),
  ): FunctionStats | undefined {
    return this.#stats.get(u32Key(functionId), value) ? decodeStats(value) : undefined;
  }

  /** Descriptors of the programs, by name. */
  programs(): Map<string, number> {
    return this.#object.programs();
  }

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}

/** Loads the programs; where this process may not, that is a matter of the machine. */
export function loadPrograms(object: BpfObject): void {
  if (seesLocks()) object.enable("on_contention");
  try {
    object.load();
  } catch (error) {
    if (!(error instanceof KernelError && error.errno === EPERM)) throw error;
    throw new NotSupportedError(
      "cannot load eBPF programs: the kernel does not let this process, although it is root's",
      "give it CAP_BPF, CAP_PERFMON and CAP_SYS_RESOURCE (a container: run it privileged), and no kernel lockdown",
    );
  }
}
