/** The ring buffer under more events than it holds, read by the test itself: no event thread runs here. */

import assert from "node:assert/strict";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import { ALPS_EVENT, ALPS_LIMITS } from "../../ffi/layout.ts";
import { RingReader } from "../../ffi/ring.ts";
import { ActiveSet } from "../../observe/active_set.ts";
import { EventKind, InvocationEvent } from "../../observe/events.ts";
import type { Invocation } from "../../observe/invocation.ts";
import { Observer } from "../../observe/observer.ts";
import { SlotTable } from "../../observe/slots.ts";
import { nativeProgram } from "./build_native.ts";
import { Churn } from "./churn.ts";
import { until, whyNotLive } from "./lab.ts";

/** Threads that start and end for one byte to the program `churn`. */
const BATCH = 1000;
/** What one event takes in the ring, its header included. */
const EVENT_BYTES = ALPS_EVENT.size + 8;
const FUNCTION = 1;

/** An observer without an event thread, and one process that it follows and that makes events when told to. */
class Scene implements AsyncDisposable {
  readonly #resources = new AsyncDisposableStack();
  readonly observer: Observer;
  readonly reader: RingReader;
  readonly active: ActiveSet;
  /** Counts of events by kind. */
  readonly kinds: Record<number, number> = {};
  readonly records: Invocation[] = [];
  lost: number[] = [];

  constructor() {
    this.observer = this.#resources.use(new Observer(onlineCpus().length));
    const { libc, fds } = this.observer;
    this.reader = this.#resources.use(new RingReader(libc, fds.eventsFd, ALPS_LIMITS.ALPS_RING_BYTES));
    const slots = this.#resources.use(new SlotTable(libc, fds.slotsFd));
    this.active = new ActiveSet(slots, {
      started: () => {},
      resumed: () => {},
      paused: () => {},
      taskStarted: () => {},
      taskEnded: () => {},
      awaitsLock: () => {},
      ended: (invocation, record) => {
        if (record) this.records.push(record);
        else this.lost.push(invocation!.pid);
      },
    });
    this.observer.addFunction(FUNCTION);
  }

  /** Starts the program and makes it an invocation. */
  async churn(): Promise<Churn> {
    const churn = this.#resources.use(await Churn.start(await nativeProgram("churn"), BATCH));
    const { pid } = churn.process;
    this.observer.adopt([{ pid, functionId: FUNCTION, root: pid }]);
    return churn;
  }

  /** Reads what is there; every record must make sense. */
  drain(): number {
    const event = new InvocationEvent(), now = this.observer.libc.monotonicNs();
    return this.reader.drain((words, at) => {
      event.decode(words, at);
      assert.ok(
        event.kind >= EventKind.ALPS_EVENT_START && event.kind <= EventKind.ALPS_EVENT_KICK,
        `${event.kind}`,
      );
      assert.ok(event.slot < ALPS_LIMITS.ALPS_SLOTS && event.functionId === FUNCTION);
      assert.ok(event.startNs > 0 && event.startNs <= event.timeNs && event.timeNs < now + 60e9);
      this.kinds[event.kind] = (this.kinds[event.kind] ?? 0) + 1;
      this.active.apply(event);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}

function ringTest(name: string, fn: (scene: Scene) => Promise<void>): void {
  Deno.test({
    name,
    ignore: whyNotLive !== undefined,
    fn: async () => {
      await using scene = new Scene();
      await fn(scene);
    },
  });
}

ringTest(
  "RingReader reads three times as much as the ring holds, in order and without a loss",
  async (scene) => {
    const churn = await scene.churn();
    const batches = Math.ceil(3 * ALPS_LIMITS.ALPS_RING_BYTES / (2 * BATCH * EVENT_BYTES));
    for (let i = 0; i < batches; i++) {
      await churn.batch();
      scene.drain();
    }
    await churn.end();
    await until("the end of the invocation", () => scene.drain() >= 0 && scene.records.length === 1);
    assert.equal(scene.kinds[EventKind.ALPS_EVENT_START], 1);
    assert.equal(scene.kinds[EventKind.ALPS_EVENT_TASK_START], batches * BATCH);
    assert.equal(scene.kinds[EventKind.ALPS_EVENT_TASK_END], batches * BATCH);
    assert.equal(scene.kinds[EventKind.ALPS_EVENT_END], 1);
    const counters = scene.observer.shared.counters();
    assert.deepEqual([counters.lostRingFull, counters.active, scene.active.size], [0, 0, 0]);
    const read = Object.values(scene.kinds).reduce((sum, count) => sum + count, 0);
    assert.equal(read, counters.events);
  },
);

ringTest("a full ring loses events, counts each, and breaks nothing", async (scene) => {
  const churn = await scene.churn();
  const fits = Math.floor(ALPS_LIMITS.ALPS_RING_BYTES / EVENT_BYTES);
  const batches = Math.ceil(2 * fits / (2 * BATCH));
  for (let i = 0; i < batches; i++) {
    await churn.batch();
    const { events, lostRingFull } = scene.observer.shared.counters();
    assert.ok(lostRingFull === 0 || events >= 2 * ALPS_LIMITS.ALPS_SLOTS, `${lostRingFull} after ${events}`);
  }
  const made = scene.observer.shared.counters();
  assert.ok(made.events <= fits, `${made.events} events in a ring for ${fits}`);
  assert.ok(made.lostRingFull > 0);
  assert.ok(made.events + made.lostRingFull >= 2 * BATCH * batches, "what is not there was counted as lost");

  // Its end is lost too: the ring is full still.
  const { pid } = churn.process;
  await churn.end();
  await until("its end", () => scene.observer.shared.counters().active === 0);
  assert.equal(scene.observer.shared.counters().events, made.events);
  assert.equal(scene.observer.statsOf(FUNCTION)?.invocations, 1, "the kernel's own counters miss nothing");

  assert.equal(scene.drain(), made.events);
  assert.deepEqual([scene.active.size, scene.records.length], [1, 0]);
  scene.active.sweep();
  scene.active.sweep();
  assert.deepEqual([scene.active.size, scene.active.missedEnds, scene.lost], [0, 1, [pid]]);

  // From here on everything is as ever.
  const next = await scene.churn();
  await next.batch();
  await next.end();
  await until("the record of the next one", () => scene.drain() >= 0 && scene.records.length === 1);
  assert.equal(scene.records[0]?.pid, next.process.pid);
  assert.deepEqual([scene.active.size, scene.active.missedEnds], [0, 1]);
});
