import assert from "node:assert/strict";
import { ActiveSet } from "../../observe/active_set.ts";
import { EventKind, Flags, InvocationEvent } from "../../observe/events.ts";
import type { Invocation } from "../../observe/invocation.ts";
import { randomBelow } from "./random.ts";

const { ALPS_EVENT_START: START, ALPS_EVENT_END: END, ALPS_EVENT_KICK: KICK } = EventKind;
const { ALPS_EVENT_IDLE: IDLE, ALPS_EVENT_LOCK: LOCK } = EventKind;
const { ALPS_EVENT_TASK_START: TASK_START, ALPS_EVENT_TASK_END: TASK_END } = EventKind;

/** An active set, what its listener was told, and the slots that the kernel has in use. */
class Scene {
  readonly told: string[] = [];
  readonly records: Invocation[] = [];
  /** Slot → generation of the invocation in it. */
  readonly live = new Map<number, number>();
  /** Slot → the invocation in progress in it, −1 between two; 0 where it is not said. */
  readonly sequences = new Map<number, number>();
  readonly set = new ActiveSet(
    {
      isLive: (slot, generation) => this.live.get(slot) === generation,
      isInProgress: (slot, sequence) => (this.sequences.get(slot) ?? 0) === sequence,
    },
    {
      started: ({ slot, generation, tids }) => {
        this.told.push(`started ${slot}/${generation} ${[...tids]}`);
      },
      resumed: ({ slot, generation, sequence, tids }) => {
        this.told.push(`resumed ${slot}/${generation} #${sequence} ${[...tids]}`);
      },
      paused: ({ slot, generation, sequence }, record) => {
        this.told.push(`paused ${slot}/${generation} #${sequence}${record ? "" : " without record"}`);
        if (record) this.records.push(record);
      },
      taskStarted: ({ slot, generation }, tid) => void this.told.push(`task ${slot}/${generation} ${tid}`),
      taskEnded: ({ slot, generation }, tid) => void this.told.push(`task over ${slot}/${generation} ${tid}`),
      awaitsLock: ({ slot, generation }) => void this.told.push(`awaits a lock ${slot}/${generation}`),
      ended: (invocation, record) => {
        const what = invocation ? `${invocation.slot}/${invocation.generation}` : "unknown";
        this.told.push(`ended ${what}${record ? "" : " without record"}`);
        if (record) this.records.push(record);
      },
    },
  );

  event(kind: number, slot: number, generation: number, tid: number, more: Partial<InvocationEvent> = {}) {
    this.set.apply(Object.assign(new InvocationEvent(), { kind, slot, generation, tid, pid: 100, ...more }));
  }

  /** What was told since the last call. */
  take(): string[] {
    return this.told.splice(0);
  }
}

Deno.test("ActiveSet follows an invocation and its tasks from start to end", () => {
  const scene = new Scene();
  scene.event(START, 1, 1, 100);
  scene.event(TASK_START, 1, 1, 101);
  scene.event(KICK, 1, 1, 101);
  assert.deepEqual([...scene.set].map(({ tids }) => [...tids]), [[100, 101]]);
  scene.event(TASK_END, 1, 1, 100);
  assert.deepEqual([...scene.set].map(({ tids }) => [...tids]), [[101]]);
  scene.event(END, 1, 1, 101);
  assert.deepEqual(scene.take(), ["started 1/1 100", "task 1/1 101", "task over 1/1 100", "ended 1/1"]);
  assert.deepEqual([scene.set.size, scene.set.missedEnds], [0, 0]);
});

Deno.test("ActiveSet makes the record of an invocation from its end", () => {
  const scene = new Scene();
  scene.event(START, 1, 1, 100, { functionId: 4, startNs: 1000 });
  const times = { startNs: 1000, firstRunNs: 1300, timeNs: 5100, endNs: 5000, cpuNs: 2000, waitNs: 900 };
  scene.event(END, 1, 1, 100, { functionId: 4, preemptions: 3, ...times });
  assert.deepEqual(scene.records, [{
    functionId: 4,
    pid: 100,
    kind: "process",
    startNs: 1000,
    endNs: 5000,
    cpuNs: 2000,
    waitNs: 900,
    firstRunNs: 300,
    preemptions: 3,
  }]);
});

Deno.test("ActiveSet takes the whole life as the wait for a first run that never came", () => {
  const scene = new Scene();
  scene.event(END, 1, 1, 100, { startNs: 1000, firstRunNs: 0, endNs: 5000 });
  assert.equal(scene.records[0]?.firstRunNs, 4000);
});

Deno.test("ActiveSet: an invocation whose start was lost is followed from its next task or kick on", () => {
  for (const kind of [TASK_START, KICK]) {
    const scene = new Scene();
    scene.event(kind, 1, 1, 105);
    scene.event(TASK_END, 1, 1, 100); // of a task that was never heard of
    scene.event(END, 1, 1, 105);
    assert.deepEqual(scene.take(), ["started 1/1 105", "ended 1/1"]);
  }
});

Deno.test("ActiveSet: an end whose start was lost still gives its record", () => {
  const scene = new Scene();
  scene.event(TASK_END, 1, 1, 101);
  scene.event(END, 1, 1, 100);
  assert.deepEqual(scene.take(), ["ended unknown"]);
  assert.equal(scene.records.length, 1);
});

Deno.test("ActiveSet: a start that comes twice is one invocation", () => {
  const scene = new Scene();
  scene.event(START, 1, 1, 100);
  scene.event(START, 1, 1, 100);
  assert.deepEqual(scene.take(), ["started 1/1 100"]);
});

Deno.test("ActiveSet: a slot that is used again ends what was there, whose end was lost", () => {
  const scene = new Scene();
  scene.event(START, 1, 1, 100);
  scene.event(START, 1, 2, 200);
  assert.deepEqual(scene.take(), ["started 1/1 100", "ended 1/1 without record", "started 1/2 200"]);
  assert.equal(scene.set.missedEnds, 1);
  scene.event(END, 1, 3, 300); // and this one's start, with the end of the one before
  assert.deepEqual(scene.take(), ["ended 1/2 without record", "ended unknown"]);
  assert.deepEqual([scene.set.size, scene.set.missedEnds], [0, 2]);
});

Deno.test("ActiveSet: an end that comes twice ends nothing else, not even in the same slot", () => {
  const scene = new Scene();
  scene.event(START, 1, 1, 100);
  scene.event(END, 1, 1, 100);
  scene.event(START, 1, 2, 200);
  scene.take();
  scene.event(END, 1, 1, 100);
  scene.event(TASK_END, 1, 1, 200);
  scene.event(TASK_START, 1, 1, 201);
  assert.deepEqual([...scene.set].map(({ generation, tids }) => [generation, [...tids]]), [[2, [200]]]);
  assert.equal(scene.set.missedEnds, 0);
  assert.ok(!scene.take().some((told) => told.startsWith("ended 1/2")));
});

Deno.test("ActiveSet: generations may wrap around", () => {
  const scene = new Scene();
  scene.event(START, 1, 0xffff_ffff, 100);
  scene.event(START, 1, 0, 200);
  assert.deepEqual([...scene.set].map(({ generation }) => generation), [0]);
  scene.event(END, 1, 0xffff_ffff, 100);
  assert.deepEqual([...scene.set].map(({ generation }) => generation), [0]);
});

Deno.test("ActiveSet.sweep() drops what the kernel no longer has", () => {
  const scene = new Scene();
  for (const slot of [1, 2, 3]) scene.event(START, slot, 5, 100 + slot);
  scene.live.set(2, 5).set(3, 6); // 1 is free, 3 holds another one by now
  scene.take();
  scene.set.sweep();
  scene.set.sweep();
  assert.deepEqual(scene.take().sort(), ["ended 1/5 without record", "ended 3/5 without record"]);
  assert.deepEqual([...scene.set].map(({ slot }) => slot), [2]);
  assert.equal(scene.set.missedEnds, 2);
});

Deno.test("ActiveSet.sweep() waits for an end that is still on its way", () => {
  const scene = new Scene();
  scene.event(START, 1, 1, 100);
  scene.set.sweep(); // the kernel has freed the slot, its event has not been read yet
  scene.event(END, 1, 1, 100, { cpuNs: 7 });
  assert.deepEqual(scene.take(), ["started 1/1 100", "ended 1/1"]);
  assert.equal(scene.set.missedEnds, 0);
});

Deno.test("ActiveSet heals whatever is lost: with two sweeps it has what the kernel has", () => {
  const random = randomBelow(11);
  for (let round = 0; round < 30; round++) {
    const scene = new Scene();
    const generations = new Map<number, number>();
    let records = 0;
    for (let step = 0; step < 300; step++) {
      const slot = random(8), lost = random(4) === 0;
      const generation = scene.live.get(slot);
      if (generation === undefined) {
        const next = (generations.get(slot) ?? 0) + 1;
        generations.set(slot, next);
        scene.live.set(slot, next);
        if (!lost) scene.event(START, slot, next, step);
      } else if (random(2) === 0) {
        scene.live.delete(slot);
        if (!lost) scene.event(END, slot, generation, step), records++;
      } else if (!lost) {
        scene.event([TASK_START, TASK_END, KICK][random(3)]!, slot, generation, step);
      }
    }
    scene.set.sweep();
    scene.set.sweep();
    for (const { slot, generation } of scene.set) assert.equal(scene.live.get(slot), generation);
    assert.equal(scene.records.length, records, "no record twice, none left out");
    const count = (word: string) => scene.told.filter((told) => told.startsWith(word)).length;
    const ended = count("ended ") - count("ended unknown");
    assert.equal(count("started"), ended + scene.set.size, "every start has one end");
  }
});

Deno.test("ActiveSet: a warm instance keeps its tasks from one invocation to the next", () => {
  const scene = new Scene();
  scene.event(START, 1, 1, 100);
  scene.event(TASK_START, 1, 1, 101);
  scene.event(IDLE, 1, 1, 101);
  assert.equal(scene.set.size, 0);
  scene.event(START, 1, 1, 101, { sequence: 1, startNs: 9000 });
  assert.deepEqual([...scene.set].map(({ startNs, tids }) => [startNs, [...tids]]), [[9000, [100, 101]]]);
  scene.event(TASK_END, 1, 1, 101, { sequence: 1 });
  scene.event(END, 1, 1, 100, { sequence: 1 });
  assert.deepEqual(scene.take(), [
    "started 1/1 100",
    "task 1/1 101",
    "paused 1/1 #0",
    "resumed 1/1 #1 100,101",
    "task over 1/1 101",
    "ended 1/1",
  ]);
  assert.equal(scene.set.missedEnds, 0);
});

Deno.test("ActiveSet makes a warm record from an idle event: it ended before that was known", () => {
  const scene = new Scene();
  scene.event(START, 1, 1, 100);
  const times = { startNs: 1000, firstRunNs: 1200, endNs: 4000, timeNs: 9000, cpuNs: 2000 };
  scene.event(IDLE, 1, 1, 100, { ...times, flags: Flags.ALPS_WARM | Flags.ALPS_OVERLAP });
  const [{ kind, startNs, endNs, firstRunNs, overlapped }] = scene.records as [Invocation];
  assert.deepEqual([kind, startNs, endNs, firstRunNs, overlapped], ["warm", 1000, 4000, 200, true]);
});

Deno.test("ActiveSet makes no record of what was seen in part, nor of an instance that ends while it is idle", () => {
  const scene = new Scene();
  scene.event(START, 1, 1, 100, { flags: Flags.ALPS_PARTIAL });
  scene.event(IDLE, 1, 1, 100, { flags: Flags.ALPS_PARTIAL | Flags.ALPS_WARM });
  scene.event(TASK_START, 1, 1, 101, { sequence: 1, flags: Flags.ALPS_BETWEEN });
  scene.event(TASK_END, 1, 1, 100, { sequence: 1, flags: Flags.ALPS_BETWEEN });
  assert.equal(scene.set.size, 0, "tasks that come and go meanwhile begin nothing");
  scene.event(START, 1, 1, 101, { sequence: 1 });
  scene.event(IDLE, 1, 1, 101, { sequence: 1, flags: Flags.ALPS_PARTIAL });
  scene.event(END, 1, 1, 101, { sequence: 2, flags: Flags.ALPS_BETWEEN });
  assert.deepEqual(scene.records, []);
  assert.deepEqual(scene.take().slice(1), [
    "paused 1/1 #0 without record",
    "resumed 1/1 #1 101",
    "paused 1/1 #1 without record",
    "ended 1/1 without record",
  ]);
});

Deno.test("ActiveSet: where a warm invocation's end or the next one's start was lost, both are made good", () => {
  const scene = new Scene();
  scene.event(START, 1, 1, 100);
  scene.event(START, 1, 1, 100, { sequence: 1 }); // the end of the first was lost
  assert.deepEqual(scene.take(), ["started 1/1 100", "paused 1/1 #0 without record", "resumed 1/1 #1 100"]);
  assert.equal(scene.set.missedEnds, 1);
  scene.event(IDLE, 1, 1, 100, { sequence: 1 });
  scene.event(IDLE, 1, 1, 100, { sequence: 2 }); // the start of the third
  assert.deepEqual(scene.take(), ["paused 1/1 #1", "resumed 1/1 #2 100", "paused 1/1 #2"]);
  assert.equal(scene.records.length, 2);
  scene.event(IDLE, 2, 1, 200); // of an instance that was never heard of
  assert.deepEqual(scene.take(), ["started 2/1 200", "paused 2/1 #0"]);
});

Deno.test("ActiveSet.sweep() finds warm instances that have fallen idle, and idle ones that are gone", () => {
  const scene = new Scene();
  for (const slot of [1, 2]) scene.event(START, slot, 5, 100 + slot);
  scene.event(IDLE, 2, 5, 102);
  scene.take();
  scene.live.set(1, 5); // its invocation is over, that of 2 is gone
  scene.sequences.set(1, -1);
  scene.set.sweep();
  assert.deepEqual(scene.take(), [], "the events may be on their way");
  scene.set.sweep();
  assert.deepEqual(scene.take(), ["paused 1/5 #0 without record", "ended 2/5 without record"]);
  scene.event(START, 1, 5, 101, { sequence: 1 });
  assert.deepEqual(scene.take(), ["resumed 1/5 #1 101"]);
});

Deno.test("ActiveSet.strays() gives tasks whose start was lost, of invocations that are known; it follows none", () => {
  const scene = new Scene();
  scene.event(START, 1, 1, 100);
  scene.event(TASK_START, 1, 1, 101);
  const members = [
    { slot: 1, generation: 1, tid: 100 },
    { slot: 1, generation: 1, tid: 101 },
    { slot: 1, generation: 1, tid: 102 },
    { slot: 1, generation: 2, tid: 103 }, // of the slot's next invocation
    { slot: 2, generation: 1, tid: 104 },
  ];
  const strays = [...scene.set.strays(members)].map(([{ slot }, tid]) => [slot, tid]);
  assert.deepEqual(strays, [[1, 102]]);
  assert.deepEqual([...scene.set].map(({ tids }) => [...tids]), [[100, 101]]);
});

Deno.test("ActiveSet tells of one that waits for a lock, where it is in progress", () => {
  const scene = new Scene();
  scene.event(LOCK, 1, 1, 100);
  assert.deepEqual(scene.take(), []);
  scene.event(START, 1, 1, 100);
  scene.take();
  scene.event(LOCK, 1, 1, 101);
  assert.deepEqual(scene.take(), ["awaits a lock 1/1"]);
  assert.equal(scene.set.size, 1);
});
