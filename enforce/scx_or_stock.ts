/**
 * The scheduler in the kernel, and what does its work where the kernel has ended it: the stock backend, until the scheduler is
 * tried again after a pause. Each pause is longer than the one before; after a few it is given up.
 */

import type { ActiveInvocation } from "../observe/active_set.ts";
import type { Enforcer, EnforcerCounters, Orders } from "./enforcer.ts";
import type { LatencyLog } from "./latency_log.ts";
import type { ScxEnforcer } from "./scx.ts";
import type { SchedulerExit } from "./scx_scheduler.ts";

/** Until the first new attempt; each further pause is three times as long. */
const FIRST_PAUSE_NS = 10e9, PAUSE_FACTOR = 3;

/** So many ends, and it is given up. */
const MOST_ENDS = 5;

/** A scheduler that has worked for so long begins anew with counting. */
const GOOD_NS = 600e9;

/** `SCX_EXIT_SYSRQ`: a person has pressed the magic key that ends schedulers, and wants it gone. */
const ENDED_BY_PERSON = 67;

/** Longest part of a dump that a note has. */
const MOST_DUMP = 8192;

/** The scheduler as it is used here; replaced in tests. */
export type InKernel =
  & Pick<ScxEnforcer, "setOrders" | "decide" | "release" | typeof Symbol.dispose>
  & { readonly scheduler: { readonly inForce: boolean; readonly ended: SchedulerExit | undefined } };

/** What it works in place of, and with. */
export interface ScxOrStockParts {
  readonly scx: InKernel;
  readonly stock: Enforcer & { readonly promotionLatency: LatencyLog };
  /** Takes a warning for people. */
  readonly note: (text: string) => void;
  /** Another scheduler that is in force; undefined where there is none. */
  readonly otherScheduler: () => string | undefined;
}

export class ScxOrStock implements Enforcer {
  readonly counters: EnforcerCounters;
  readonly promotionLatency: LatencyLog;
  readonly sliceEnforced = false;
  /** How often the scheduler was ended against our will, or could not be put in force. */
  ends = 0;
  #trouble: string | undefined;
  #onStock = false;
  #triesAtNs = 0;
  #sinceNs = 0;
  #endsInRow = 0;

  constructor(readonly parts: ScxOrStockParts) {
    this.counters = parts.stock.counters;
    this.promotionLatency = parts.stock.promotionLatency;
  }

  get name(): "scx" | "stock" {
    return this.#onStock ? "stock" : "scx";
  }

  get reactsToEvents(): boolean {
    return this.#onStock;
  }

  /** Why the scheduler is not in force although it should be; undefined where all is well. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  setOrders(orders: Orders): void {
    const both = { ...orders, changed: [...orders.changed] }; // it can be gone through once only
    this.parts.stock.setOrders(both);
    this.parts.scx.setOrders(both);
  }

  started(invocation: ActiveInvocation): void {
    this.parts.stock.started(invocation);
  }

  taskStarted(invocation: ActiveInvocation, tid: number): void {
    this.parts.stock.taskStarted(invocation, tid);
  }

  taskEnded(invocation: ActiveInvocation, tid: number): void {
    this.parts.stock.taskEnded(invocation, tid);
  }

  awaitsLock(invocation: ActiveInvocation): void {
    if (this.#onStock) this.parts.stock.awaitsLock(invocation);
  }

  ended(invocation: ActiveInvocation, cpuNs: number | undefined): void {
    this.parts.stock.ended(invocation, cpuNs);
  }

  paused(invocation: ActiveInvocation, cpuNs: number | undefined): void {
    this.parts.stock.paused(invocation, cpuNs);
  }

  decide(nowNs: number): number {
    return this.#onStock ? this.parts.stock.decide(nowNs) : Infinity;
  }

  look(nowNs: number): void {
    if (this.#onStock) {
      if (nowNs >= this.#triesAtNs) this.#try(nowNs);
      return;
    }
    const { ended, inForce } = this.parts.scx.scheduler;
    if (ended) {
      this.#fall(`the kernel has ended the scheduler: ${reasonOf(ended)}`, nowNs, ended);
    } else if (!inForce) {
      this.#try(nowNs);
    } else if (nowNs - this.#sinceNs >= GOOD_NS) {
      this.#endsInRow = 0;
    }
  }

  #try(nowNs: number): void {
    try {
      this.parts.stock.release();
      this.parts.scx.decide();
      const { ended } = this.parts.scx.scheduler;
      // The kernel takes some schedulers and ends them at once, as it tells reasons in this way only.
      if (ended) {
        this.#fall(`the scheduler cannot be put in force: ${reasonOf(ended)}`, nowNs, ended);
        return;
      }
      this.#onStock = false;
      this.#sinceNs = nowNs;
      if (this.#trouble !== undefined) this.parts.note("the scheduler is in force again");
      this.#trouble = undefined;
    } catch (error) {
      const other = this.parts.otherScheduler();
      if (other !== undefined) return this.#giveWay(other, nowNs);
      const message = error instanceof Error ? error.message : String(error);
      this.#fall(`the scheduler cannot be put in force: ${message}`, nowNs, undefined);
    }
  }

  /** To the stock backend, until the other scheduler is gone: that is no fault of ours, and counts as no end. */
  #giveWay(other: string, nowNs: number): void {
    this.parts.scx.release();
    this.#onStock = true;
    this.#triesAtNs = nowNs + FIRST_PAUSE_NS;
    const trouble = `another scheduler is loaded (${other}); the backend is stock until it is gone`;
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.parts.note(trouble);
  }

  /** To the stock backend. */
  #fall(why: string, nowNs: number, ended: SchedulerExit | undefined): void {
    this.parts.scx.release();
    this.#onStock = true;
    this.ends++;
    this.#endsInRow++;
    const gone = ended?.kind === ENDED_BY_PERSON || this.#endsInRow >= MOST_ENDS;
    const pauseNs = FIRST_PAUSE_NS * PAUSE_FACTOR ** (this.#endsInRow - 1);
    this.#triesAtNs = gone ? Infinity : nowNs + pauseNs;
    const next = gone ? "it is not tried again" : `it is tried again in ${pauseNs / 1e9} s`;
    this.#trouble = `${why}; the backend is stock meanwhile, ${next}`;
    const dump = ended?.dump ? `\n${ended.dump.slice(0, MOST_DUMP)}` : "";
    this.parts.note(this.#trouble + dump);
  }

  setCpus(cpus: readonly number[]): void {
    this.parts.stock.setCpus(cpus);
  }

  release(): void {
    this.parts.scx.release();
    this.parts.stock.release();
  }

  [Symbol.dispose](): void {
    this.parts.scx[Symbol.dispose]();
    this.parts.stock[Symbol.dispose]();
  }
}

/** The kernel's words, without what they repeat. */
function reasonOf({ reason, message, code, kind }: SchedulerExit): string {
  const words = [reason || `kind ${kind}`, message].filter((text) => text !== "");
  return words.join(": ") + (code !== 0 ? ` (code ${code})` : "");
}
