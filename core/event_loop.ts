/**
 * What the event thread does: reads the ring buffer, follows the active invocations, and enforces. It blocks in poll, where
 * it sees neither messages nor signals: the main thread makes `wakeFd` readable after posting.
 */

import type { Enforcer } from "../enforce/enforcer.ts";
import { LatencyLog } from "../enforce/latency_log.ts";
import { ALPS_LIMITS } from "../ffi/layout.ts";
import { Libc, PollSet } from "../ffi/libc.ts";
import { RingReader } from "../ffi/ring.ts";
import { ActiveSet } from "../observe/active_set.ts";
import { AutoMode } from "../observe/auto_mode.ts";
import { decodeQuestion, EventKind, InvocationEvent, kindOf } from "../observe/events.ts";
import { SharedPage, SlotTable, waitBucketNs } from "../observe/slots.ts";
import { StartTimes } from "../observe/start_times.ts";
import { DecisionPause } from "./decision_pause.ts";
import { makeEnforcer, schedulerReport } from "./event_enforcer.ts";
import type { EventThreadOptions, EventThreadReport, FromEventThread, ToEventThread } from "./messages.ts";
import { OrdersIntake } from "./orders.ts";
import { Outbox } from "./outbox.ts";
import { becomeRealtime, warmUp } from "./realtime.ts";
import { Supervisor } from "./supervisor.ts";
import { WakeTimes } from "./wake_times.ts";

/**
 * How long it blocks where nothing is asked for. Ended invocations are handed over at this pace at the latest: what makes
 * other threads run takes CPU time from the functions, and learning loses nothing by a second.
 */
const IDLE_NS = 1_000_000_000;

/** Everything that the thread holds, from start to stop. */
export class EventLoop implements Disposable {
  readonly #resources = new DisposableStack();
  readonly #orders = new OrdersIntake();
  readonly #libc: Libc;
  readonly #ring: RingReader;
  readonly #active: ActiveSet;
  readonly #auto: AutoMode;
  readonly #enforcer: Enforcer;
  readonly #supervisor: Supervisor;
  readonly #polled: PollSet;
  readonly #posted: Int32Array;
  readonly #wentRound: Float64Array;
  readonly #event = new InvocationEvent();
  readonly #startTimes = new StartTimes();
  readonly #eventToAction = new LatencyLog();
  readonly #decision = new LatencyLog();
  readonly #wakeTimes = new WakeTimes();
  readonly #pause = new DecisionPause();
  readonly #outbox = new Outbox();
  #received = 0;
  #stopping = false;
  #mostActive = 0;

  /** @param post hands a message to the main thread */
  constructor(readonly options: EventThreadOptions, readonly post: (message: FromEventThread) => void) {
    const { eventsFd, slotsFd, sharedFd, wakeFd, maxWaitNs } = options;
    this.#libc = this.#resources.use(new Libc());
    this.#ring = this.#resources.use(new RingReader(this.#libc, eventsFd, ALPS_LIMITS.ALPS_RING_BYTES));
    const slots = this.#resources.use(new SlotTable(this.#libc, slotsFd, waitBucketNs(maxWaitNs)));
    const shared = this.#resources.use(new SharedPage(this.#libc, sharedFd));
    this.#enforcer = makeEnforcer(this.#resources, options, {
      libc: this.#libc,
      slots,
      startTimeOf: (tid) => this.#startTimes.of(tid),
      note: (text) => post({ type: "note", text }),
    });
    this.#active = new ActiveSet(slots, {
      started: (invocation) => {
        this.#outbox.count(invocation.functionId, 1);
        this.#enforcer.started(invocation);
      },
      resumed: (invocation) => this.#enforcer.started(invocation),
      taskStarted: (invocation, tid) => this.#enforcer.taskStarted(invocation, tid),
      taskEnded: (invocation, tid) => this.#enforcer.taskEnded(invocation, tid),
      awaitsLock: (invocation) => this.#enforcer.awaitsLock(invocation),
      paused: (invocation, record) => {
        this.#enforcer.paused(invocation, record?.cpuNs);
        if (record) this.#outbox.ended(record);
      },
      ended: (invocation, record) => {
        if (invocation) {
          this.#outbox.count(invocation.functionId, -1);
          this.#enforcer.ended(invocation, record?.cpuNs);
        }
        if (record) this.#outbox.ended(record);
      },
    });
    this.#auto = new AutoMode(slots);
    this.#supervisor = new Supervisor({
      enforcer: this.#enforcer,
      active: this.#active,
      slots,
      shared,
      maxWaitNs,
      changed: (state) => post({ type: "enforcement", state, answer: false }),
      note: (text) => post({ type: "note", text }),
    }, this.#libc.monotonicNs());
    this.#polled = new PollSet([eventsFd, wakeFd]);
    this.#posted = new Int32Array(options.posted);
    this.#wentRound = new Float64Array(options.wentRound);
  }

  /** Takes a message; called between two rounds of the loop. */
  receive(message: ToEventThread): void {
    this.#received++;
    switch (message.type) {
      case "orders":
        return this.#orders.add(message.orders);
      case "report":
        return this.post({ type: "report", report: this.#report() });
      case "members":
        for (const [invocation, tid] of this.#active.strays(message.members)) {
          this.#enforcer.taskStarted(invocation, tid);
        }
        return;
      case "enforcement": {
        const state = this.#supervisor.switch(message.enabled, this.#libc.monotonicNs());
        return this.post({ type: "enforcement", state, answer: true });
      }
      case "stop":
        this.#stopping = true;
    }
  }

  /** Runs until a stop message; then everything is put back. */
  async run(): Promise<void> {
    warmUp(this.#libc, () => {
      this.#libc.poll(this.#polled, 0);
      this.#ring.drain(this.#handle);
      this.#libc.monotonicNs();
    });
    const observesOnly = this.options.backend === "none";
    this.post({ type: "ready", ...(observesOnly ? { realtime: false } : becomeRealtime(this.#libc)) });
    this.#received = 1; // the start message
    let wantedNs = Infinity, sweepAtNs = 0, handOverAtNs = 0;
    while (!this.#stopping) {
      const fromNs = this.#libc.monotonicNs();
      const handOverInNs = this.#outbox.hasNews ? Math.max(0, handOverAtNs - fromNs) : Infinity;
      const timeoutNs = this.#orders.hasMore ? 0 : Math.min(wantedNs, handOverInNs, IDLE_NS);
      const timedOut = this.#libc.poll(this.#polled, timeoutNs) === 0;
      if (this.#polled.ready(1)) await this.#takeMessages();
      this.#ring.drain(this.#handle);
      const nowNs = this.#wentRound[0] = this.#libc.monotonicNs();
      // Later than the time-out, it was late, whatever else it finds by now.
      const lateNs = nowNs - fromNs - timeoutNs;
      if (timedOut || lateNs > 0) this.#supervisor.reacted(lateNs, nowNs);
      if (nowNs >= sweepAtNs) {
        this.#active.sweep();
        if (this.#auto.look(this.#active, nowNs)) this.#outbox.hasNews = true;
        this.#supervisor.look(nowNs);
        sweepAtNs = nowNs + IDLE_NS;
      }
      const orders = this.#orders.next();
      if (orders) this.#enforcer.setOrders(orders);
      wantedNs = this.#decide(nowNs);
      if (this.#outbox.isUrgent || (this.#outbox.hasNews && nowNs >= handOverAtNs)) {
        this.#handOver();
        handOverAtNs = nowNs + IDLE_NS;
      }
    }
  }

  readonly #handle = (words: Uint32Array, at: number, bytes: Uint8Array): void => {
    const kind = kindOf(words, at);
    if (kind === EventKind.ALPS_EVENT_CLASSIFY) {
      this.#outbox.asked(decodeQuestion(bytes, 4 * at));
      return;
    }
    this.#event.decode(words, at);
    const { tid, taskStartTicks } = this.#event;
    if (taskStartTicks !== 0) this.#startTimes.note(tid, taskStartTicks);
    else if (kind === EventKind.ALPS_EVENT_TASK_END || kind === EventKind.ALPS_EVENT_END) {
      this.#startTimes.forget(tid);
    }
    if (this.#event.wokeReader) this.#wakeTimes.add(this.#event.timeNs);
    if (kind === EventKind.ALPS_EVENT_END && this.#auto.instanceEnded(this.#event)) {
      this.#outbox.hasNews = true;
    }
    this.#active.apply(this.#event);
  };

  #decide(nowNs: number): number {
    const { size } = this.#active;
    if (size > this.#mostActive) this.#mostActive = size;
    if (size === 0) {
      this.#wakeTimes.clear();
      return Infinity;
    }
    const lateNs = this.#wakeTimes.readLateNs(nowNs);
    if (lateNs !== undefined) this.#supervisor.reacted(lateNs, nowNs);
    if (!this.#supervisor.enforcing) {
      this.#wakeTimes.clear();
      return Infinity;
    }
    if (nowNs < this.#pause.untilNs) return this.#pause.untilNs - nowNs;
    const { counters } = this.#enforcer;
    const before = counters.promotions + counters.demotions;
    const wantedNs = this.#enforcer.decide(nowNs);
    const doneNs = this.#libc.monotonicNs();
    const tookNs = doneNs - nowNs;
    this.#decision.add(tookNs);
    this.#pause.took(tookNs, doneNs);
    if (counters.promotions + counters.demotions > before) {
      for (const timeNs of this.#wakeTimes) this.#eventToAction.add(doneNs - timeNs);
    }
    this.#wakeTimes.clear();
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
    this.post({
      type: "batch",
      ...this.#outbox.take(),
      modes: this.#auto.takeDecisions(),
      report: this.#report(),
    });
  }

  #report(): EventThreadReport {
    return {
      active: this.#active.size,
      missedEnds: this.#active.missedEnds,
      counters: this.#enforcer.counters,
      eventToAction: this.#eventToAction.summary(),
      backend: this.#enforcer.name,
      trouble: this.#enforcer.trouble,
      scheduler: schedulerReport(this.#enforcer),
      promotionToRunning: (this.#enforcer.promotionLatency ?? new LatencyLog()).summary(),
      decision: this.#decision.summary(),
      mostActive: this.#mostActive,
    };
  }

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}
