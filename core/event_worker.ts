/**
 * The event thread: reads the ring buffer, follows the active invocations, and enforces. Nothing else runs here, because
 * this thread is in a real-time class: whatever it does, no function can hold it up, and it holds up everything.
 *
 * It blocks in poll, where it sees neither messages nor signals: the main thread makes `wakeFd` readable after posting.
 */

import { LatencyLog } from "../enforce/latency_log.ts";
import { type Enforcer, NoEnforcer } from "../enforce/enforcer.ts";
import { StockEnforcer } from "../enforce/stock.ts";
import { errnoName } from "../ffi/errors.ts";
import { ALPS_LIMITS } from "../ffi/layout.ts";
import { Libc, PollSet, SCHED_FIFO, SCHED_FLAG_RESET_ON_FORK } from "../ffi/libc.ts";
import { RingReader } from "../ffi/ring.ts";
import { type ActiveInvocation, ActiveSet } from "../observe/active_set.ts";
import { decodeQuestion, EventKind, InvocationEvent, type Question } from "../observe/events.ts";
import type { Invocation } from "../observe/invocation.ts";
import { SlotTable } from "../observe/slots.ts";
import type { EventThreadOptions, FromEventThread, ToEventThread } from "./messages.ts";

/**
 * How long it blocks where nothing is asked for. Ended invocations are handed over at this pace at the latest: what makes
 * other threads run takes CPU time from the functions, and learning loses nothing by a second.
 */
const IDLE_NS = 1_000_000_000;

const self = globalThis as unknown as {
  onmessage: ((message: MessageEvent<ToEventThread>) => void) | null;
  postMessage(message: FromEventThread): void;
  close(): void;
};

/** Everything that the thread holds, from start to stop. */
class EventLoop implements Disposable {
  readonly #resources = new DisposableStack();
  readonly #libc: Libc;
  readonly #ring: RingReader;
  readonly #active: ActiveSet;
  readonly #enforcer: Enforcer;
  readonly #polled: PollSet;
  readonly #posted: Int32Array;
  readonly #event = new InvocationEvent();
  readonly #eventToAction = new LatencyLog();
  readonly #decision = new LatencyLog();
  readonly #eventTimes: number[] = [];
  readonly #perFunction = new Map<number, number>();
  #received = 0;
  #ended: Invocation[] = [];
  #questions: Question[] = [];
  /** Whether there is something to hand over that has time: ends, and how many are in progress. */
  #news = false;
  #stopping = false;
  #mostActive = 0;

  constructor(readonly options: EventThreadOptions) {
    const { eventsFd, slotsFd, wakeFd, cpus, migrate, maxWaitNs } = options;
    this.#libc = this.#resources.use(new Libc());
    this.#ring = this.#resources.use(new RingReader(this.#libc, eventsFd, ALPS_LIMITS.ALPS_RING_BYTES));
    const slots = this.#resources.use(new SlotTable(this.#libc, slotsFd));
    this.#enforcer = this.#resources.use(
      options.backend === "stock"
        ? new StockEnforcer(this.#libc, slots, { cpus, migrate, maxWaitNs })
        : new NoEnforcer(),
    );
    this.#active = new ActiveSet(slots, {
      started: (invocation) => {
        this.#count(invocation, 1);
        this.#news = true;
        this.#enforcer.started(invocation);
      },
      taskStarted: (invocation, tid) => this.#enforcer.taskStarted(invocation, tid),
      taskEnded: (invocation, tid) => this.#enforcer.taskEnded(invocation, tid),
      ended: (invocation, record) => {
        if (invocation) {
          this.#count(invocation, -1);
          this.#enforcer.ended(invocation, record?.cpuNs);
        }
        if (record) this.#ended.push(record);
        this.#news = true;
      },
    });
    this.#polled = new PollSet([eventsFd, wakeFd]);
    this.#posted = new Int32Array(options.posted);
  }

  /** Takes a message; called between two rounds of the loop. */
  receive(message: ToEventThread): void {
    this.#received++;
    switch (message.type) {
      case "orders":
        return this.#enforcer.setOrders(message.orders);
      case "report":
        return self.postMessage({ type: "report", report: this.#report() });
      case "stop":
        this.#stopping = true;
    }
  }

  /** Runs until a stop message; then everything is put back. */
  async run(): Promise<void> {
    self.postMessage({ type: "ready", ...this.#becomeRealtime() });
    this.#received = 1; // the start message
    let wantedNs = Infinity, sweepAtNs = 0, handOverAtNs = 0;
    while (!this.#stopping) {
      const handOverInNs = this.#news ? Math.max(0, handOverAtNs - this.#libc.monotonicNs()) : Infinity;
      this.#libc.poll(this.#polled, Math.min(wantedNs, handOverInNs, IDLE_NS));
      if (this.#polled.ready(1)) await this.#takeMessages();
      this.#ring.drain(this.#handle);
      const nowNs = this.#libc.monotonicNs();
      if (nowNs >= sweepAtNs) {
        this.#active.sweep();
        sweepAtNs = nowNs + IDLE_NS;
      }
      wantedNs = this.#decide(nowNs);
      if (this.#questions.length > 0 || (this.#news && nowNs >= handOverAtNs)) {
        this.#handOver();
        handOverAtNs = nowNs + IDLE_NS;
      }
    }
  }

  readonly #handle = (words: Uint32Array, at: number, bytes: Uint8Array): void => {
    if (words[at] === EventKind.ALPS_EVENT_CLASSIFY) {
      this.#questions.push(decodeQuestion(bytes, 4 * at));
      return;
    }
    this.#event.decode(words, at);
    if (this.#event.wokeReader) this.#eventTimes.push(this.#event.timeNs);
    this.#active.apply(this.#event);
  };

  #decide(nowNs: number): number {
    const { size } = this.#active;
    if (size > this.#mostActive) this.#mostActive = size;
    if (size === 0) {
      this.#eventTimes.length = 0;
      return Infinity;
    }
    const { counters } = this.#enforcer;
    const before = counters.promotions + counters.demotions;
    const wantedNs = this.#enforcer.decide(nowNs);
    const doneNs = this.#libc.monotonicNs();
    this.#decision.add(doneNs - nowNs);
    if (counters.promotions + counters.demotions > before) {
      for (const timeNs of this.#eventTimes) this.#eventToAction.add(doneNs - timeNs);
    }
    this.#eventTimes.length = 0;
    return wantedNs;
  }

  /** Lets the runtime deliver what has been posted: the counter says how many messages there are. */
  async #takeMessages(): Promise<void> {
    this.#libc.drainSignals(this.options.wakeFd);
    while (this.#received < Atomics.load(this.#posted, 0)) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  #handOver(): void {
    self.postMessage({
      type: "batch",
      ended: this.#ended,
      questions: this.#questions,
      instances: [...this.#perFunction],
      report: this.#report(),
    });
    this.#ended = [];
    this.#questions = [];
    this.#news = false;
  }

  #count(invocation: ActiveInvocation, change: number): void {
    const active = (this.#perFunction.get(invocation.functionId) ?? 0) + change;
    if (active > 0) this.#perFunction.set(invocation.functionId, active);
    else this.#perFunction.delete(invocation.functionId);
  }

  /** This thread alone; its children and the other threads keep the default class. */
  #becomeRealtime(): { realtime: boolean; note?: string } {
    if (this.options.backend === "none") return { realtime: false };
    const fifo = { policy: SCHED_FIFO, flags: SCHED_FLAG_RESET_ON_FORK, nice: 0, priority: 1, runtimeNs: 0n };
    const status = this.#libc.setAttr(0, fifo);
    if (status === 0) return { realtime: true };
    this.#libc.setNice(0, -20);
    return { realtime: false, note: `SCHED_FIFO was refused: ${errnoName(-status)}` };
  }

  #report() {
    return {
      active: this.#active.size,
      missedEnds: this.#active.missedEnds,
      counters: this.#enforcer.counters,
      eventToAction: this.#eventToAction.summary(),
      promotionToRunning: this.#enforcer instanceof StockEnforcer
        ? this.#enforcer.promotionLatency.summary()
        : new LatencyLog().summary(),
      decision: this.#decision.summary(),
      mostActive: this.#mostActive,
    };
  }

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}

let loop: EventLoop | undefined;

self.onmessage = async ({ data }) => {
  if (data.type !== "start") return loop?.receive(data);
  try {
    using running = loop = new EventLoop(data.options);
    await running.run();
  } catch (error) {
    self.postMessage({
      type: "failed",
      message: error instanceof Error ? error.stack ?? error.message : String(error),
    });
    return self.close();
  }
  self.postMessage({ type: "stopped" });
  self.close();
};
