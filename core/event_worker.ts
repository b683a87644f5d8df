/**
 * The event thread: reads the ring buffer, follows the active invocations, and enforces. Nothing else runs here, because
 * this thread is in a real-time class: whatever it does, no function can hold it up, and it holds up everything.
 *
 * It blocks in poll, where it sees neither messages nor signals: the main thread makes `wakeFd` readable after posting.
 */

import { type ChangeJournal, NO_JOURNAL } from "../enforce/change_journal.ts";
import { Journal } from "../enforce/journal.ts";
import { JOURNAL } from "../enforce/journal_layout.ts";
import { LatencyLog } from "../enforce/latency_log.ts";
import { type Enforcer, NoEnforcer } from "../enforce/enforcer.ts";
import { ThisMachine } from "../enforce/group_machine.ts";
import { StockEnforcer } from "../enforce/stock.ts";
import { errnoName } from "../ffi/errors.ts";
import { ALPS_LIMITS } from "../ffi/layout.ts";
import { Files } from "../ffi/files.ts";
import { Libc, PollSet, SCHED_FIFO, SCHED_FLAG_RESET_ON_FORK } from "../ffi/libc.ts";
import { RingReader } from "../ffi/ring.ts";
import { type ActiveInvocation, ActiveSet } from "../observe/active_set.ts";
import { AutoMode } from "../observe/auto_mode.ts";
import { decodeQuestion, EventKind, InvocationEvent, kindOf, type Question } from "../observe/events.ts";
import type { Invocation } from "../observe/invocation.ts";
import { SharedPage, SlotTable, waitBucketNs } from "../observe/slots.ts";
import { StartTimes } from "../observe/start_times.ts";
import { bootId } from "./journal_file.ts";
import type { EventThreadOptions, FromEventThread, ToEventThread } from "./messages.ts";
import { unpackOrders } from "./orders.ts";
import { Supervisor } from "./supervisor.ts";

/**
 * How long it blocks where nothing is asked for. Ended invocations are handed over at this pace at the latest: what makes
 * other threads run takes CPU time from the functions, and learning loses nothing by a second.
 */
const IDLE_NS = 1_000_000_000;

/** Until the optimizing compiler has seen enough; about 50 ms. */
const WARM_UP_TURNS = 10_000;

/**
 * A decision that takes longer than this (thousands want a CPU) is followed by a pause of so many times its length: this
 * thread comes before everything else, and must leave the CPUs to others. A machine that stood still meanwhile makes a
 * decision long, too: hence the longest pause.
 */
const LONG_DECISION_NS = 1_000_000, PAUSE_FACTOR = 4, LONGEST_PAUSE_NS = 50_000_000;

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
  readonly #auto: AutoMode;
  readonly #enforcer: Enforcer;
  readonly #supervisor: Supervisor;
  readonly #polled: PollSet;
  readonly #posted: Int32Array;
  readonly #event = new InvocationEvent();
  readonly #startTimes = new StartTimes();
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
  #pausedUntilNs = 0;

  constructor(readonly options: EventThreadOptions) {
    const { eventsFd, slotsFd, sharedFd, wakeFd, cpus, migrate, maxWaitNs } = options;
    this.#libc = this.#resources.use(new Libc());
    this.#ring = this.#resources.use(new RingReader(this.#libc, eventsFd, ALPS_LIMITS.ALPS_RING_BYTES));
    const slots = this.#resources.use(new SlotTable(this.#libc, slotsFd, waitBucketNs(maxWaitNs)));
    const shared = this.#resources.use(new SharedPage(this.#libc, sharedFd));
    const files = this.#resources.use(new Files());
    this.#enforcer = this.#resources.use(
      options.backend === "stock"
        ? new StockEnforcer(this.#libc, slots, {
          cpus,
          migrate,
          maxWaitNs,
          journal: this.#openJournal(),
          groups: {
            machine: new ThisMachine(files, options.foreignGroupsFd),
            note: (text) => self.postMessage({ type: "note", text }),
            clock: () => this.#libc.monotonicNs(),
          },
        })
        : new NoEnforcer(),
    );
    this.#active = new ActiveSet(slots, {
      started: (invocation) => {
        this.#count(invocation, 1);
        this.#news = true;
        this.#enforcer.started(invocation);
      },
      resumed: (invocation) => this.#enforcer.started(invocation),
      taskStarted: (invocation, tid) => this.#enforcer.taskStarted(invocation, tid),
      taskEnded: (invocation, tid) => this.#enforcer.taskEnded(invocation, tid),
      paused: (invocation, record) => {
        this.#enforcer.paused(invocation, record?.cpuNs);
        if (!record) return;
        this.#ended.push(record);
        this.#news = true;
      },
      ended: (invocation, record) => {
        if (invocation) {
          this.#count(invocation, -1);
          this.#enforcer.ended(invocation, record?.cpuNs);
        }
        if (record) this.#ended.push(record);
        this.#news = true;
      },
    });
    this.#auto = new AutoMode(slots);
    this.#supervisor = new Supervisor({
      enforcer: this.#enforcer,
      active: this.#active,
      slots,
      shared,
      maxWaitNs,
      changed: (state) => self.postMessage({ type: "enforcement", state, answer: false }),
    }, this.#libc.monotonicNs());
    this.#polled = new PollSet([eventsFd, wakeFd]);
    this.#posted = new Int32Array(options.posted);
  }

  /** The journal, written through memory: a system call at every change would be too dear here. */
  #openJournal(): ChangeJournal {
    const { journalFd } = this.options;
    if (journalFd === undefined) return NO_JOURNAL;
    const { buffer } = this.#resources.use(this.#libc.map(journalFd, JOURNAL.bytes, 0, true));
    const journal = new Journal(buffer, bootId(), (tid) => this.#startTimes.of(tid));
    journal.resume();
    return journal;
  }

  /** Takes a message; called between two rounds of the loop. */
  receive(message: ToEventThread): void {
    this.#received++;
    switch (message.type) {
      case "orders":
        return this.#enforcer.setOrders(unpackOrders(message.orders));
      case "report":
        return self.postMessage({ type: "report", report: this.#report() });
      case "members":
        for (const [invocation, tid] of this.#active.strays(message.members)) {
          this.#enforcer.taskStarted(invocation, tid);
        }
        return;
      case "enforcement": {
        const state = this.#supervisor.switch(message.enabled, this.#libc.monotonicNs());
        return self.postMessage({ type: "enforcement", state, answer: true });
      }
      case "stop":
        this.#stopping = true;
    }
  }

  /** Runs until a stop message; then everything is put back. */
  async run(): Promise<void> {
    this.#warmUp();
    self.postMessage({ type: "ready", ...this.#becomeRealtime() });
    this.#received = 1; // the start message
    let wantedNs = Infinity, sweepAtNs = 0, handOverAtNs = 0;
    while (!this.#stopping) {
      const fromNs = this.#libc.monotonicNs();
      const handOverInNs = this.#news ? Math.max(0, handOverAtNs - fromNs) : Infinity;
      const timeoutNs = Math.min(wantedNs, handOverInNs, IDLE_NS);
      const timedOut = this.#libc.poll(this.#polled, timeoutNs) === 0;
      if (this.#polled.ready(1)) await this.#takeMessages();
      this.#ring.drain(this.#handle);
      const nowNs = this.#libc.monotonicNs();
      // Later than the time-out, it was late, whatever else it finds by now.
      const lateNs = nowNs - fromNs - timeoutNs;
      if (timedOut || lateNs > 0) this.#supervisor.reacted(lateNs, nowNs);
      if (nowNs >= sweepAtNs) {
        this.#active.sweep();
        if (this.#auto.look(this.#active, nowNs)) this.#news = true;
        this.#supervisor.look(nowNs);
        sweepAtNs = nowNs + IDLE_NS;
      }
      wantedNs = this.#decide(nowNs);
      if (this.#questions.length > 0 || (this.#news && nowNs >= handOverAtNs)) {
        this.#handOver();
        handOverAtNs = nowNs + IDLE_NS;
      }
    }
  }

  /**
   * Makes the compiler take the calls of every wake-up seriously before they are needed: at 25 wake-ups a second they would be
   * interpreted for minutes, which is four times the instructions, and from memory that is in no cache.
   */
  #warmUp(): void {
    const own = this.#libc.getAttr(0);
    for (let turn = 0; turn < WARM_UP_TURNS; turn++) {
      this.#libc.poll(this.#polled, 0);
      this.#ring.drain(this.#handle);
      this.#libc.monotonicNs();
      if (typeof own !== "number") this.#libc.setAttr(0, own);
      this.#libc.getAttr(0);
    }
  }

  readonly #handle = (words: Uint32Array, at: number, bytes: Uint8Array): void => {
    const kind = kindOf(words, at);
    if (kind === EventKind.ALPS_EVENT_CLASSIFY) {
      this.#questions.push(decodeQuestion(bytes, 4 * at));
      return;
    }
    this.#event.decode(words, at);
    const { tid, taskStartTicks } = this.#event;
    if (taskStartTicks !== 0) this.#startTimes.note(tid, taskStartTicks);
    else if (kind === EventKind.ALPS_EVENT_TASK_END || kind === EventKind.ALPS_EVENT_END) {
      this.#startTimes.forget(tid);
    }
    if (this.#event.wokeReader) this.#eventTimes.push(this.#event.timeNs);
    if (kind === EventKind.ALPS_EVENT_END && this.#auto.instanceEnded(this.#event)) {
      this.#news = true;
    }
    this.#active.apply(this.#event);
  };

  #decide(nowNs: number): number {
    const { size } = this.#active;
    if (size > this.#mostActive) this.#mostActive = size;
    if (size === 0) {
      this.#eventTimes.length = 0;
      return Infinity;
    }
    const [earliestNs] = this.#eventTimes;
    if (earliestNs !== undefined) this.#supervisor.reacted(nowNs - earliestNs, nowNs);
    if (!this.#supervisor.enforcing) {
      this.#eventTimes.length = 0;
      return Infinity;
    }
    if (nowNs < this.#pausedUntilNs) return this.#pausedUntilNs - nowNs;
    const { counters } = this.#enforcer;
    const before = counters.promotions + counters.demotions;
    const wantedNs = this.#enforcer.decide(nowNs);
    const doneNs = this.#libc.monotonicNs();
    const tookNs = doneNs - nowNs;
    this.#decision.add(tookNs);
    if (tookNs > LONG_DECISION_NS) {
      this.#pausedUntilNs = doneNs + Math.min(PAUSE_FACTOR * tookNs, LONGEST_PAUSE_NS);
    }
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
      modes: this.#auto.takeDecisions(),
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
