/** The event thread, as the main thread sees it. */

import { Worker } from "node:worker_threads";
import type { Orders } from "../enforce/enforcer.ts";
import { bundledUrl } from "../ffi/assets.ts";
import type { Libc } from "../ffi/libc.ts";
import type { Member } from "../observe/active_set.ts";
import type { Question } from "../observe/events.ts";
import type { Invocation } from "../observe/invocation.ts";
import type { EnforcementState } from "./enforcement.ts";
import type { EventThreadOptions, EventThreadReport, FromEventThread, ToEventThread } from "./messages.ts";
import { packOrders } from "./orders.ts";

/** What the event thread hands over. */
export interface EventThreadListener {
  /** In the order of their ends. */
  ended(invocations: Invocation[]): void;
  asked(question: Question): void;
  /** A function of mode auto has shown to be warm, or not to be so. */
  decided(functionId: number, warm: boolean): void;
  /** Instances per function (in mode process: invocations in progress), and the thread's figures: after the ends and questions of each batch. */
  state(active: ReadonlyMap<number, number>, report: EventThreadReport): void;
  /** The guard has switched enforcement off, or on again. */
  guarded(state: EnforcementState): void;
  /** Something that people should know; told once. */
  noted?(text: string): void;
  /** It stopped by an error after it had started: nothing is enforced any longer, everything has been put back. */
  failed(message: string): void;
}

/** How long a stopping thread may take to put everything back before it is given up, in milliseconds. */
const STOP_MS = 5_000;

/**
 * Most megabytes that the thread's newest objects take. Left alone the runtime would let them grow by and by to ten times
 * that, because some outlive each collection: what is handed over once a second. Only the runtime's workers for Node have
 * such a limit; collecting everything from time to time, as other threads do, would hold up events.
 */
const YOUNG_MB = 6;

/** Starts, commands and stops the event thread. */
export class EventThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #posted = new SharedArrayBuffer(4);
  readonly #wentRound = new SharedArrayBuffer(8);
  readonly #wakeFd: number;
  readonly #ready = Promise.withResolvers<{ realtime: boolean; note?: string }>();
  readonly #stopped = Promise.withResolvers<void>();
  #reports: PromiseWithResolvers<EventThreadReport>[] = [];
  #switches: PromiseWithResolvers<EnforcementState>[] = [];
  #started = false;
  #running = true;

  private constructor(readonly libc: Libc, readonly listener: EventThreadListener) {
    this.#wakeFd = libc.eventFd();
    this.#worker = new Worker(bundledUrl("event_worker.js", "./event_worker.ts", import.meta.url), {
      name: "alps-events",
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.#worker.on("message", (message: FromEventThread) => this.#receive(message));
    this.#worker.on("error", (error: unknown) => {
      this.#receive({ type: "failed", message: error instanceof Error ? error.message : String(error) });
    });
  }

  /** Starts it; resolves once it reads events. */
  static async start(
    libc: Libc,
    options: Omit<EventThreadOptions, "wakeFd" | "posted" | "wentRound">,
    listener: EventThreadListener,
  ): Promise<{ thread: EventThread; realtime: boolean; note?: string }> {
    const thread = new EventThread(libc, listener);
    const shared = { wakeFd: thread.#wakeFd, posted: thread.#posted, wentRound: thread.#wentRound };
    thread.#post({ type: "start", options: { ...options, ...shared } });
    try {
      return { thread, ...await thread.#ready.promise };
    } catch (error) {
      await thread[Symbol.asyncDispose]();
      throw error;
    }
  }

  setOrders(orders: Orders): void {
    const packed = packOrders(orders);
    this.#post({ type: "orders", orders: packed }, [packed.changed.buffer]);
  }

  /** Switches enforcement on or off; resolves once that is done. Rejects where the thread stops meanwhile. */
  setEnforcement(enabled: boolean): Promise<EnforcementState> {
    const done = Promise.withResolvers<EnforcementState>();
    this.#switches.push(done);
    if (this.#running) this.#post({ type: "enforcement", enabled });
    else done.reject(new Error("the event thread has stopped"));
    return done.promise;
  }

  /** After events were lost: tasks that inherited a demotion unseen are put back. */
  putBack(members: Member[]): void {
    this.#post({ type: "members", members });
  }

  /** Its figures now. Rejects where it stops meanwhile. */
  report(): Promise<EventThreadReport> {
    const report = Promise.withResolvers<EventThreadReport>();
    this.#reports.push(report);
    if (this.#running) this.#post({ type: "report" });
    else report.reject(new Error("the event thread has stopped"));
    return report.promise;
  }

  /**
   * For how long its loop has not gone round: about a second at most, unless something keeps all CPUs from it. 0 before
   * the first time.
   */
  silentForNs(nowNs: number): number {
    const [roundNs = 0] = new Float64Array(this.#wentRound);
    return roundNs === 0 ? 0 : nowNs - roundNs;
  }

  /** Has everything put back, then ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#running) this.#post({ type: "stop" });
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, STOP_MS);
    await Promise.race([this.#stopped.promise, late]);
    clearTimeout(timer);
    this.#worker.terminate();
    this.libc.close(this.#wakeFd);
  }

  #post(message: ToEventThread, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
    Atomics.add(new Int32Array(this.#posted), 0, 1);
    this.libc.signal(this.#wakeFd);
  }

  #receive(message: FromEventThread): void {
    switch (message.type) {
      case "ready":
        this.#started = true;
        return this.#ready.resolve(message);
      case "batch":
        if (message.ended.length > 0) this.listener.ended(message.ended);
        for (const question of message.questions) this.listener.asked(question);
        for (const [functionId, warm] of message.modes) this.listener.decided(functionId, warm);
        return this.listener.state(new Map(message.instances), message.report);
      case "report":
        return this.#reports.shift()?.resolve(message.report);
      case "enforcement":
        return message.answer
          ? this.#switches.shift()?.resolve(message.state)
          : this.listener.guarded(message.state);
      case "note":
        return this.listener.noted?.(message.text);
      case "stopped":
        return this.#end(new Error("the event thread has stopped"));
      case "failed": {
        const error = new Error(`the event thread failed: ${message.message}`);
        this.#ready.reject(error);
        this.#end(error);
        if (this.#started) this.listener.failed(message.message);
        return;
      }
    }
  }

  #end(reason: Error): void {
    this.#running = false;
    for (const waiting of [...this.#reports.splice(0), ...this.#switches.splice(0)]) waiting.reject(reason);
    this.#stopped.resolve();
  }
}
