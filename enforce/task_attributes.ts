/** Demoting single tasks to the idle class, and putting them back as they were. */

import { ESRCH } from "../ffi/errors.ts";
import { type Libc, SCHED_BATCH, SCHED_IDLE, SCHED_NORMAL, type SchedAttr } from "../ffi/libc.ts";
import { type ChangeJournal, NO_JOURNAL } from "./change_journal.ts";
import { restored } from "./put_back.ts";

/** What a demoted task has: the nice value goes along so that promotion checks preemption at once (see `promote`). */
const DEMOTED: SchedAttr = { policy: SCHED_IDLE, flags: 0n, nice: 19, priority: 0, runtimeNs: 0n };

/** A demoted task. */
interface Saved {
  readonly before: SchedAttr;
  /** The journal's handle. */
  readonly record: number;
}

/** Demoted tasks and their attributes before. Only tasks of functions ever come in here. */
export class TaskAttributes {
  readonly #saved = new Map<number, Saved>();
  readonly #machineSliceNs: bigint;

  /**
   * @param errors counts failures here, by reason
   * @param journal what is changed is written there first
   */
  constructor(
    readonly libc: Pick<Libc, "getAttr" | "setAttr">,
    readonly errors: Record<string, number>,
    readonly journal: ChangeJournal = NO_JOURNAL,
  ) {
    const own = libc.getAttr(0);
    this.#machineSliceNs = typeof own === "number" ? 0n : own.runtimeNs;
  }

  get demoted(): number {
    return this.#saved.size;
  }

  /**
   * Moves a normal task to the idle class, in which it gets only what normal tasks leave (and a small share: the floor
   * under everyone). Tasks of other classes, and ones that are idle by themselves, stay as they are.
   * @returns whether it was moved
   */
  demote(tid: number): boolean {
    if (this.#saved.has(tid)) return false;
    const attr = this.libc.getAttr(tid);
    if (typeof attr === "number") return this.#failed("read", attr);
    if (attr.policy !== SCHED_NORMAL && attr.policy !== SCHED_BATCH) return false;
    return this.#demoteFrom(tid, attr);
  }

  #demoteFrom(tid: number, attr: SchedAttr): boolean {
    const before = this.#restorable(attr);
    const record = this.journal.beforeTask(tid, before, DEMOTED);
    if (record < 0) return this.#count("not_recorded");
    const status = this.libc.setAttr(tid, { ...DEMOTED, flags: attr.flags });
    if (status < 0) {
      this.journal.done(record);
      return this.#failed("demote", status);
    }
    this.#saved.set(tid, { before, record });
    return true;
  }

  /**
   * Gives a demoted task back what it had. The idle class ranks with the normal one, so a change of policy alone preempts
   * nobody before the next tick; the change of the nice value in the same call does.
   * @returns whether anything was changed
   */
  promote(tid: number): boolean {
    const saved = this.#saved.get(tid);
    if (!saved) return false;
    const { changed, status } = this.#putBack(tid, saved);
    return status < 0 ? this.#failed("promote", status) : changed;
  }

  /** Closes the record, too, except where the kernel refused: then the next start tries again. */
  #putBack(tid: number, { before, record }: Saved): { changed: boolean; status: number } {
    this.#saved.delete(tid);
    const attr = this.libc.getAttr(tid);
    const ours = typeof attr !== "number" && attr.policy === SCHED_IDLE; // else theirs stays, who have changed it
    const status = typeof attr === "number"
      ? attr
      : ours
      ? this.libc.setAttr(tid, restored(before, attr, DEMOTED.nice))
      : 0;
    if (status >= 0 || status === -ESRCH || !ours) this.journal.done(record);
    return { changed: ours && status >= 0, status };
  }

  /**
   * A task that an invocation has just created inherits the idle class where its creator was demoted then. It gets the
   * state that the invocation has now, and as its attributes before those of `creator`.
   * @param creator a task of the same invocation that was demoted at some time, by its attributes then
   */
  adopt(tid: number, demoted: boolean, creator: SchedAttr | undefined): void {
    this.#forget(tid); // it has taken over the id of its process's first thread
    const attr = this.libc.getAttr(tid);
    if (typeof attr === "number") return void this.#failed("read", attr);
    const inherited = attr.policy === SCHED_IDLE && creator !== undefined;
    if (demoted) {
      // It is demoted already: without room in the journal it is remembered all the same.
      if (inherited) {
        this.#saved.set(tid, { before: creator, record: this.journal.beforeTask(tid, creator, DEMOTED) });
      } else if (attr.policy === SCHED_NORMAL || attr.policy === SCHED_BATCH) this.#demoteFrom(tid, attr);
    } else if (inherited) {
      const status = this.libc.setAttr(tid, creator);
      if (status < 0) this.#failed("promote", status);
    }
  }

  /**
   * Takes a demoted task out of the idle class and puts it back into it at once, so that the kernel picks anew what runs on its CPU: see
   * {@link Groups.lowered}. Where the agent dies in between, the task has what it had before.
   */
  refresh(tid: number): void {
    const saved = this.#saved.get(tid), attr = saved && this.libc.getAttr(tid);
    if (!saved || typeof attr !== "object" || attr.policy !== SCHED_IDLE) return; // gone, or someone else's choice
    if (this.libc.setAttr(tid, restored(saved.before, attr, DEMOTED.nice)) < 0) return;
    const status = this.libc.setAttr(tid, { ...DEMOTED, flags: attr.flags });
    if (status < 0) this.#failed("demote", status);
  }

  /** What a demoted task had before. */
  before(tid: number): SchedAttr | undefined {
    return this.#saved.get(tid)?.before;
  }

  /**
   * The task is no longer its invocation's. Mostly it has exited; one that has become another function's, or nobody's, is
   * put back.
   */
  left(tid: number): void {
    const saved = this.#saved.get(tid);
    if (!saved) return;
    const { status } = this.#putBack(tid, saved);
    if (status < 0 && status !== -ESRCH) this.#failed("promote", status);
  }

  #forget(tid: number): void {
    const saved = this.#saved.get(tid);
    if (!saved) return;
    this.#saved.delete(tid);
    this.journal.done(saved.record);
  }

  /** Puts every task back. */
  restoreAll(): void {
    for (const tid of [...this.#saved.keys()]) this.promote(tid);
  }

  /** The machine's own slice is given back as "the machine's own", so that the task does not get one of its own. */
  #restorable(attr: SchedAttr): SchedAttr {
    return attr.runtimeNs === this.#machineSliceNs ? { ...attr, runtimeNs: 0n } : attr;
  }

  #failed(action: string, status: number): false {
    return this.#count(-status === ESRCH ? "process_gone" : `${action}_refused`);
  }

  #count(reason: string): false {
    this.errors[reason] = (this.errors[reason] ?? 0) + 1;
    return false;
  }
}
