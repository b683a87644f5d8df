import assert from "node:assert/strict";
import type { CgroupChange, ChangeJournal } from "../../enforce/change_journal.ts";
import { Groups } from "../../enforce/groups.ts";
import { textToWrite } from "../../enforce/group_weight.ts";
import { FakeGroups } from "./fake_groups.ts";

/** A journal that tells in what order things happened. */
class FakeJournal implements ChangeJournal {
  readonly open = new Map<number, CgroupChange>();
  full = false;
  #next = 1;
  beforeTask(): number {
    return 0;
  }
  beforeMove(): number {
    return 0;
  }
  beforeCgroup(change: CgroupChange): number {
    if (this.full) return -1;
    this.open.set(this.#next, change);
    return this.#next++;
  }
  done(handle: number): void {
    assert.ok(this.open.delete(handle), "closed once");
  }
}

/** Groups 1 and 2 at the top; 3 and 4 inside of 2. */
function scene() {
  const machine = new FakeGroups(), journal = new FakeJournal(), errors: Record<string, number> = {};
  const notes: string[] = [];
  for (const [key, parent] of [[1, 0], [2, 0], [3, 2], [4, 2]] as const) machine.add(key, parent);
  const groups = new Groups(machine, journal, errors, (text) => notes.push(text), () => 0);
  let nowNs = 1e9;
  const decide = (
    now: { chosen?: number[]; waiting?: number[]; blocked?: number[]; ageMs?: number },
    ms = 10,
  ) => {
    groups.begin(nowNs += ms * 1e6);
    for (const key of now.chosen ?? []) groups.chosen(key, key);
    for (const key of now.waiting ?? []) groups.waiting(key, key, nowNs - 1e6 * (now.ageMs ?? 500));
    for (const key of now.blocked ?? []) groups.blocked(key, key);
    groups.apply();
    return machine.demoted;
  };
  return { machine, journal, errors, notes, groups, decide };
}

Deno.test("Groups demotes the topmost group without a chosen invocation, and no other", () => {
  const { decide, groups, machine } = scene();
  assert.deepEqual(decide({ chosen: [1], waiting: [3, 4] }), [2]);
  assert.deepEqual(decide({ chosen: [3], waiting: [1, 4] }), [1, 4]);
  assert.deepEqual(decide({ chosen: [3, 1], waiting: [3] }), [], "its own group holds a chosen one");
  assert.deepEqual(decide({ chosen: [0], waiting: [3, 0] }), [2], "the root is no group");
  groups[Symbol.dispose]();
  assert.deepEqual([...machine.weights.values()], ["100", "100", "100", "100"]);
});

Deno.test("Groups.lowered() tells of groups at and below what the latest decision has demoted", () => {
  const { decide, groups } = scene();
  const lowered = () => [0, 1, 2, 3, 4, 5].filter((key) => groups.lowered(key));
  decide({ chosen: [1], waiting: [3, 4] });
  assert.deepEqual(lowered(), [3, 4], "2 has no invocation of its own");
  decide({ chosen: [1], waiting: [3, 4] });
  assert.deepEqual(lowered(), [], "it was before");
  decide({ chosen: [3], waiting: [1, 4] });
  assert.deepEqual(lowered(), [1, 4]);
});

Deno.test("Groups leaves a demoted group as it is while its invocations sleep, and gives it back when they are gone", () => {
  const { decide } = scene();
  assert.deepEqual(decide({ chosen: [1], waiting: [2] }), [2]);
  assert.deepEqual(decide({ chosen: [1], blocked: [2] }), [2]);
  assert.deepEqual(decide({ chosen: [1] }), []);
});

Deno.test("Groups never demotes around a task of no function, gives back where one comes, and tells it once", () => {
  const { machine, decide, notes, errors } = scene();
  machine.strangers.add(4);
  assert.deepEqual(decide({ chosen: [1], waiting: [3, 4] }), [3]);
  machine.strangers.add(3);
  for (let i = 0; i < 50; i++) decide({ chosen: [1], waiting: [3, 4] });
  assert.deepEqual(machine.demoted, []);
  assert.equal(errors.group_shared, 2);
  assert.equal(notes.length, 2);
  assert.match(notes[0]!, /^"\/g\/4" holds processes of no function/);
  machine.strangers.clear();
  for (let i = 0; i < 50; i++) decide({ chosen: [1], waiting: [3, 4] });
  assert.deepEqual(machine.demoted, [2]);
});

Deno.test("Groups tells of no order that is lost by invocations on their way into their cgroups", () => {
  const { machine, decide, notes } = scene();
  machine.strangers.add(2);
  for (let i = 0; i < 100; i++) decide({ chosen: [1], waiting: [2], ageMs: 99 });
  assert.deepEqual(notes, []);
  for (let i = 0; i < 100; i++) decide({ chosen: [1], waiting: [2], ageMs: 100 });
  assert.equal(notes.length, 1);
});

Deno.test("Groups looks for strangers now and then, not at every decision", () => {
  const { machine, decide } = scene();
  for (let i = 0; i < 1000; i++) decide({ chosen: [1], waiting: [2] }, 1);
  assert.ok(machine.looks >= 3 && machine.looks <= 6, `${machine.looks}`);
});

Deno.test("Groups writes down what it changes while it is changed, and changes nothing that it cannot write down", () => {
  const { machine, journal, decide, errors, groups } = scene();
  machine.weights.set(2, "300");
  decide({ chosen: [1], waiting: [2] });
  assert.deepEqual([...journal.open.values()], [
    { path: "/g/2", inode: 2, file: "cpu.weight", before: "300", ours: "1" },
  ]);
  decide({ chosen: [2], waiting: [2] });
  assert.equal(machine.weights.get(2), "300");
  assert.equal(journal.open.size, 0);
  journal.full = true;
  assert.deepEqual(decide({ chosen: [1], waiting: [2] }), []);
  assert.equal(errors.group_record_refused, 1);
  groups[Symbol.dispose]();
});

Deno.test("Groups leaves a weight that someone else has set meanwhile, and starts from it the next time", () => {
  const { machine, journal, decide } = scene();
  decide({ chosen: [1], waiting: [2] });
  machine.weights.set(2, "700");
  decide({ chosen: [2], waiting: [1] });
  assert.equal(machine.weights.get(2), "700");
  assert.deepEqual([...journal.open.values()].map(({ inode }) => inode), [1]);
  decide({ chosen: [1], waiting: [2] });
  decide({ chosen: [2], waiting: [1] });
  assert.equal(machine.weights.get(2), "700");
});

Deno.test("Groups leaves sessions alone that it may not weigh, says so once, and orders the others", () => {
  const { machine, decide, notes, errors } = scene();
  machine.unweighable.add(-7).add(-8);
  for (let i = 0; i < 3; i++) assert.deepEqual(decide({ chosen: [-7, 1], waiting: [-8, 2] }, 300), [2]);
  assert.equal(notes.length, 1);
  assert.match(notes[0]!, /sessions of their own are not ordered against each other: it takes CAP_SYS_ADMIN/);
  assert.equal(errors.sessions_not_ordered, 1);
});

Deno.test("Groups counts groups that are gone or refuse, and goes on", () => {
  const { machine, journal, decide, errors } = scene();
  assert.deepEqual(decide({ chosen: [1], waiting: [99, 2] }), [2]);
  assert.equal(errors.group_not_found, 1);
  machine.remove(2);
  decide({ chosen: [1] });
  assert.equal(errors.group_gone, 1);
  assert.equal(journal.open.size, 0);
  machine.refuse.set(1, 30); // EROFS
  decide({ chosen: [0], waiting: [1] });
  for (let i = 0; i < 10; i++) decide({ chosen: [0], waiting: [1] }, 1);
  assert.equal(errors.group_demote_refused, 1, "not tried at every decision");
  assert.equal(journal.open.size, 0);
});

Deno.test("Groups tries again where a group cannot be put back, its record kept", () => {
  const { machine, journal, decide, groups } = scene();
  decide({ chosen: [1], waiting: [2] });
  machine.refuse.set(2, 30);
  decide({ chosen: [2], waiting: [2] });
  assert.equal(journal.open.size, 1);
  machine.refuse.clear();
  groups.promoteAll();
  assert.equal(machine.weights.get(2), "100");
  assert.equal(journal.open.size, 0);
});

Deno.test("Groups forgets groups that have been without invocations for long", () => {
  const { machine, decide } = scene();
  decide({ chosen: [1], waiting: [3] });
  decide({ chosen: [1] });
  decide({ chosen: [1], waiting: [1] }, 30_000);
  assert.equal(machine.closed, 2, "3 and the one around it");
});

Deno.test("textToWrite() writes of an autogroup's text the nice value, of other files all", () => {
  assert.equal(textToWrite({ file: "autogroup" }, "/autogroup-25 nice -5"), "-5");
  assert.equal(textToWrite({ file: "cpu.weight" }, "100"), "100");
});
