import assert from "node:assert/strict";
import { TaskAttributes } from "../../enforce/task_attributes.ts";
import { SCHED_BATCH, SCHED_FIFO, SCHED_IDLE, SCHED_NORMAL, type SchedAttr } from "../../ffi/libc.ts";
import type { ChangeJournal } from "../../enforce/change_journal.ts";
import { FakeTasks, PLAIN } from "./fake_tasks.ts";

/** Attributes over one task, number 1. */
function scene(...task: Parameters<FakeTasks["add"]>[1][]) {
  const tasks = new FakeTasks(), errors: Record<string, number> = {};
  tasks.add(1, task[0]);
  return { tasks, errors, attributes: new TaskAttributes(tasks, errors) };
}

Deno.test("TaskAttributes.demote() changes class and nice value in one call, promote() gives both back", () => {
  const { tasks, attributes } = scene({ nice: 5, flags: 1n });
  assert.equal(attributes.demote(1), true);
  assert.deepEqual(tasks.changes, [
    [1, { policy: SCHED_IDLE, flags: 1n, nice: 19, priority: 0, runtimeNs: 0n }],
  ]);
  assert.equal(attributes.promote(1), true);
  assert.deepEqual(tasks.attrs.get(1), { ...PLAIN, nice: 5, flags: 1n });
  assert.equal(attributes.demoted, 0);
});

Deno.test("TaskAttributes.promote() gives the machine's own slice back as such, and a task's own as it was", () => {
  const { tasks, attributes } = scene();
  attributes.demote(1);
  attributes.promote(1);
  assert.equal(tasks.changes.at(-1)?.[1].runtimeNs, 0n);
  tasks.add(2, { runtimeNs: 100_000n });
  attributes.demote(2);
  attributes.promote(2);
  assert.equal(tasks.attrs.get(2)?.runtimeNs, 100_000n);
});

Deno.test("TaskAttributes.demote() takes batch tasks too, and gives them back as batch", () => {
  const { tasks, attributes } = scene({ policy: SCHED_BATCH, nice: 3 });
  assert.equal(attributes.demote(1), true);
  attributes.promote(1);
  assert.deepEqual([tasks.attrs.get(1)?.policy, tasks.attrs.get(1)?.nice], [SCHED_BATCH, 3]);
});

Deno.test("TaskAttributes.demote() leaves tasks of other classes as they are", () => {
  for (const policy of [SCHED_FIFO, 2, SCHED_IDLE, 6, 7]) {
    const { tasks, errors, attributes } = scene({ policy });
    assert.equal(attributes.demote(1), false);
    assert.equal(attributes.promote(1), false);
    attributes.restoreAll();
    assert.deepEqual([tasks.changes, errors], [[], {}], `policy ${policy}`);
  }
});

Deno.test("TaskAttributes.demote() twice keeps what was there at first", () => {
  const { tasks, attributes } = scene({ nice: 5 });
  attributes.demote(1);
  assert.equal(attributes.demote(1), false);
  attributes.promote(1);
  assert.equal(tasks.attrs.get(1)?.nice, 5);
});

Deno.test("TaskAttributes.promote() leaves what somebody else has set meanwhile", () => {
  const { tasks, attributes } = scene();
  attributes.demote(1);
  tasks.add(1, { policy: SCHED_BATCH, nice: 10 });
  assert.equal(attributes.promote(1), false);
  assert.deepEqual([tasks.attrs.get(1)?.policy, tasks.attrs.get(1)?.nice], [SCHED_BATCH, 10]);
  assert.equal(attributes.demoted, 0, "and it is ours no longer");
});

Deno.test("TaskAttributes.refresh() has a demoted task leave the idle class and come back, as it was in between", () => {
  const { tasks, errors, attributes } = scene({ nice: 5, flags: 1n });
  attributes.refresh(1);
  assert.equal(tasks.changes.length, 0, "it is not demoted");
  attributes.demote(1);
  attributes.refresh(1);
  const refreshed = tasks.changes.slice(1).map(([, { policy, nice, flags }]) => [policy, nice, flags]);
  assert.deepEqual(refreshed, [[SCHED_NORMAL, 5, 1n], [SCHED_IDLE, 19, 1n]]);
  assert.deepEqual([attributes.demoted, errors], [1, {}]);
  attributes.promote(1);
  assert.deepEqual(tasks.attrs.get(1), { ...PLAIN, nice: 5, flags: 1n });
});

Deno.test("TaskAttributes.refresh() leaves alone what somebody else has set, and a task that is gone or refuses", () => {
  const { tasks, errors, attributes } = scene();
  attributes.demote(1);
  tasks.attrs.set(1, { ...PLAIN, policy: SCHED_FIFO, priority: 1 });
  attributes.refresh(1);
  assert.equal(tasks.attrs.get(1)?.policy, SCHED_FIFO);
  tasks.remove(1);
  attributes.refresh(1);
  tasks.add(2);
  attributes.demote(2);
  const before = tasks.changes.length;
  tasks.refuse.set(2, 1);
  attributes.refresh(2);
  assert.deepEqual([tasks.changes.length, tasks.attrs.get(2)?.policy, errors], [before, SCHED_IDLE, {}]);
});

Deno.test("TaskAttributes counts processes that are gone, and refusals, and goes on", () => {
  const { tasks, errors, attributes } = scene();
  assert.equal(attributes.demote(9), false);
  attributes.demote(1);
  tasks.remove(1);
  assert.equal(attributes.promote(1), false);
  attributes.adopt(8, true, PLAIN);
  assert.deepEqual(errors, { process_gone: 3 });
  tasks.add(2);
  tasks.refuse.set(2, 1);
  assert.equal(attributes.demote(2), false);
  assert.deepEqual(errors, { process_gone: 3, demote_refused: 1 });
  assert.equal(attributes.demoted, 0, "what was refused is not remembered as done");
});

Deno.test("TaskAttributes.restoreAll() puts every task back, whatever happened to one of them", () => {
  const { tasks, attributes } = scene();
  for (const tid of [2, 3, 4]) tasks.add(tid, { nice: tid });
  for (const tid of [1, 2, 3, 4]) attributes.demote(tid);
  tasks.remove(2);
  tasks.refuse.set(3, 1);
  attributes.restoreAll();
  assert.deepEqual([tasks.attrs.get(1), tasks.attrs.get(4)], [PLAIN, { ...PLAIN, nice: 4 }]);
  assert.equal(attributes.demoted, 0);
});

Deno.test("TaskAttributes.left() drops a task that has ended: its number may be another's soon", () => {
  const { tasks, attributes } = scene();
  attributes.demote(1);
  tasks.remove(1);
  attributes.left(1);
  tasks.add(1, { policy: SCHED_IDLE, nice: 7 });
  attributes.restoreAll();
  assert.equal(tasks.attrs.get(1)?.nice, 7);
});

Deno.test("TaskAttributes.left() puts a task back that lives on as another function's, or nobody's", () => {
  const { tasks, errors, attributes } = scene({ nice: 5 });
  attributes.demote(1);
  attributes.left(1);
  assert.deepEqual([tasks.attrs.get(1)?.policy, tasks.attrs.get(1)?.nice], [SCHED_NORMAL, 5]);
  attributes.demote(1);
  tasks.add(1, { policy: SCHED_BATCH });
  attributes.left(1);
  assert.equal(tasks.attrs.get(1)?.policy, SCHED_BATCH, "what somebody else has set stays");
  assert.deepEqual(errors, {});
});

Deno.test("TaskAttributes.adopt() gives a new task the state that its invocation has now", () => {
  const idle = { policy: SCHED_IDLE, nice: 19 }, before = { ...PLAIN, nice: 5, runtimeNs: 0n };
  const cases = [
    {
      what: "inherited the idle class, still demoted",
      task: idle,
      demoted: true,
      policy: SCHED_IDLE,
      back: 5,
    },
    { what: "inherited it, promoted meanwhile", task: idle, demoted: false, policy: SCHED_NORMAL, back: 5 },
    {
      what: "forked just before the demotion",
      task: { nice: 3 },
      demoted: true,
      policy: SCHED_IDLE,
      back: 3,
    },
    { what: "normal like its invocation", task: { nice: 3 }, demoted: false, policy: SCHED_NORMAL, back: 3 },
    { what: "real-time by itself", task: { policy: SCHED_FIFO }, demoted: true, policy: SCHED_FIFO, back: 0 },
  ];
  for (const { what, task, demoted, policy, back } of cases) {
    const { tasks, attributes } = scene(task);
    attributes.adopt(1, demoted, before);
    assert.equal(tasks.attrs.get(1)?.policy, policy, what);
    attributes.restoreAll();
    assert.equal(tasks.attrs.get(1)?.nice, back, `${what}, put back`);
    assert.equal(tasks.attrs.get(1)?.policy, task.policy === SCHED_FIFO ? SCHED_FIFO : SCHED_NORMAL, what);
  }
});

Deno.test("TaskAttributes.adopt() leaves a task idle that no demotion of ours made so", () => {
  const { tasks, attributes } = scene({ policy: SCHED_IDLE });
  attributes.adopt(1, false, undefined);
  attributes.adopt(1, true, undefined);
  assert.deepEqual(tasks.changes, []);
});

/** A journal of `room` records that knows what is open. */
class FakeJournal implements ChangeJournal {
  readonly open = new Map<number, [tid: number, before: SchedAttr, ours: SchedAttr]>();
  #next = 0;
  constructor(readonly room = Infinity) {}

  beforeTask(tid: number, before: SchedAttr, ours: SchedAttr): number {
    if (this.open.size >= this.room) return -1;
    this.open.set(++this.#next, [tid, before, ours]);
    return this.#next;
  }
  beforeMove = () => assert.fail("no move");
  beforeCgroup = () => assert.fail("no cgroup");
  done(handle: number): void {
    if (handle >= 0) assert.ok(this.open.delete(handle), "a record is done once");
  }
  get tids(): number[] {
    return [...this.open.values()].map(([tid]) => tid);
  }
}

/** Two tasks of nice value 5, and a journal. */
function recorded(room?: number) {
  const tasks = new FakeTasks(), journal = new FakeJournal(room), errors: Record<string, number> = {};
  for (const tid of [1, 2]) tasks.add(tid, { nice: 5 });
  return { tasks, journal, errors, attributes: new TaskAttributes(tasks, errors, journal) };
}

Deno.test("TaskAttributes writes a record before it demotes, and closes it after it has promoted", () => {
  const { tasks, journal, attributes } = recorded();
  const setAttr = tasks.setAttr.bind(tasks);
  let openWhenSet: number[] = [];
  tasks.setAttr = (tid, attr) => {
    openWhenSet = journal.tids;
    return setAttr(tid, attr);
  };
  attributes.demote(1);
  assert.deepEqual(openWhenSet, [1]);
  const [, before, ours] = [...journal.open.values()][0]!;
  assert.deepEqual([before.policy, before.nice, ours.policy, ours.nice], [SCHED_NORMAL, 5, SCHED_IDLE, 19]);
  openWhenSet = [];
  attributes.promote(1);
  assert.deepEqual([openWhenSet, journal.tids], [[1], []]);
});

Deno.test("TaskAttributes demotes nothing that cannot be recorded", () => {
  const { tasks, journal, errors, attributes } = recorded(1);
  assert.deepEqual([attributes.demote(1), attributes.demote(2)], [true, false]);
  assert.deepEqual([tasks.attrs.get(2)?.policy, errors], [SCHED_NORMAL, { not_recorded: 1 }]);
  tasks.attrs.get(2)!.policy = SCHED_IDLE; // inherited: it is put back all the same
  attributes.adopt(2, true, { ...PLAIN, nice: 5 });
  attributes.restoreAll();
  assert.deepEqual([tasks.attrs.get(2)?.policy, journal.tids], [SCHED_NORMAL, []]);
});

Deno.test("TaskAttributes leaves no record open of a task that refused, has ended, or has an id of before", () => {
  const { tasks, journal, attributes } = recorded();
  tasks.refuse.set(1, 1);
  attributes.demote(1);
  assert.deepEqual(journal.tids, [], "refused");
  tasks.refuse.clear();
  for (const tid of [1, 2]) attributes.demote(tid);
  assert.deepEqual(journal.tids, [1, 2]);
  tasks.remove(1);
  attributes.left(1);
  assert.deepEqual(journal.tids, [2], "ended");
  attributes.adopt(2, true, { ...PLAIN });
  assert.deepEqual(journal.tids, [2], "one record, whoever has the id");
  tasks.remove(2);
  attributes.promote(2);
  assert.deepEqual(journal.tids, [], "gone");
});

Deno.test("TaskAttributes keeps the record of a task that it may not put back", () => {
  const { tasks, journal, attributes } = recorded();
  attributes.demote(1);
  tasks.refuse.set(1, 1);
  attributes.restoreAll();
  assert.deepEqual(journal.tids, [1]);
});

Deno.test("TaskAttributes.promote() keeps a nice value that someone else has set while it was demoted", () => {
  const { tasks, attributes } = recorded();
  attributes.demote(1);
  tasks.attrs.get(1)!.nice = 12;
  assert.equal(attributes.promote(1), true);
  assert.deepEqual([tasks.attrs.get(1)?.policy, tasks.attrs.get(1)?.nice], [SCHED_NORMAL, 12]);
});
