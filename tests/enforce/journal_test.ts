import assert from "node:assert/strict";
import type { CgroupChange } from "../../enforce/change_journal.ts";
import { Journal, readJournal } from "../../enforce/journal.ts";
import { JOURNAL } from "../../enforce/journal_layout.ts";
import { SCHED_BATCH, SCHED_IDLE, SCHED_NORMAL, type SchedAttr } from "../../ffi/libc.ts";

const BOOT = "74dc8237-7ff3-413c-8946-34f810b7c3e8", OTHER = "00000000-7ff3-413c-8946-34f810b7c3e8";
const BEFORE: SchedAttr = {
  policy: SCHED_BATCH,
  flags: 1n,
  nice: -7,
  priority: 0,
  runtimeNs: 2n ** 63n + 5n,
};
const OURS: SchedAttr = { policy: SCHED_IDLE, flags: 0n, nice: 19, priority: 0, runtimeNs: 0n };
const CHANGE: CgroupChange = {
  path: "/sys/fs/cgroup/cpu/föö bar\n",
  inode: 2 ** 40 + 1,
  file: "cpu.shares",
  before: "300",
  ours: "2",
};
const EMPTY = { tasks: [], moves: [], cgroups: [] };

/** Start times of tasks: those below 0 are gone. */
const startTicks = (tid: number) => tid < 0 ? undefined : 10_000_000_000 + tid;

function scene() {
  const memory = new ArrayBuffer(JOURNAL.bytes);
  const journal = new Journal(memory, BOOT, startTicks);
  journal.begin(EMPTY);
  return {
    memory,
    bytes: new Uint8Array(memory),
    journal,
    read: () => readJournal(new Uint8Array(memory), BOOT),
  };
}

Deno.test("Journal keeps every field of a task, a move and a cgroup until it is done", () => {
  const { journal, read } = scene();
  const mask = new Uint8Array([3, 0, 0, 0, 0, 0, 0, 0x80]);
  const handles = [
    journal.beforeTask(2 ** 22, BEFORE, OURS),
    journal.beforeMove(7, mask, 63),
    journal.beforeCgroup(CHANGE),
  ];
  const { tasks, moves, cgroups, ...rest } = read();
  assert.deepEqual(tasks, [{
    tid: 2 ** 22,
    startTicks: startTicks(2 ** 22),
    before: BEFORE,
    ours: { policy: SCHED_IDLE, nice: 19 },
  }]);
  assert.deepEqual(moves, [{ tid: 7, startTicks: startTicks(7), mask, cpu: 63 }]);
  assert.deepEqual(cgroups, [CHANGE]);
  assert.deepEqual(rest, { otherBoot: false, headerDamaged: false, damaged: 0 });
  for (const handle of handles) journal.done(handle);
  assert.deepEqual(read(), { ...EMPTY, ...rest });
});

Deno.test("Journal has room for 65 536 tasks, then says so, and uses places again", () => {
  const { journal, read } = scene();
  const handles = Array.from(
    { length: JOURNAL.tasks },
    (_, tid) => journal.beforeTask(tid + 1, BEFORE, OURS),
  );
  assert.equal(new Set(handles).size, 65_536);
  assert.equal(journal.beforeTask(1, BEFORE, OURS), -1);
  assert.ok(journal.beforeCgroup(CHANGE) >= 0, "cgroups have room of their own");
  journal.done(handles[4711]!);
  assert.equal(journal.beforeTask(99, { ...BEFORE, policy: SCHED_NORMAL }, OURS), handles[4711]);
  const { tasks } = read();
  assert.equal(tasks.length, 65_536);
  assert.deepEqual([tasks[4711]!.tid, tasks[4711]!.before.policy], [99, SCHED_NORMAL]);
});

Deno.test("Journal records no task that is gone, and no cgroup that does not fit", () => {
  const { journal, read } = scene();
  assert.equal(journal.beforeTask(-1, BEFORE, OURS), -1);
  assert.equal(journal.beforeMove(-1, new Uint8Array(8), 0), -1);
  assert.equal(journal.beforeCgroup({ ...CHANGE, path: "/" + "x".repeat(1000) }), -1);
  assert.equal(journal.beforeCgroup({ ...CHANGE, path: "/a\0b" }), -1);
  assert.equal(read().tasks.length + read().moves.length + read().cgroups.length, 0);
  const handles = Array.from({ length: JOURNAL.cgroups }, () => journal.beforeCgroup(CHANGE));
  assert.ok(handles.every((handle) => handle >= 0), "what did not fit has used no place up");
  assert.equal(journal.beforeCgroup(CHANGE), -1);
  journal.done(-1);
});

Deno.test("readJournal() gives the cgroups back in reverse, so that what was changed last is undone first", () => {
  const { journal, read } = scene();
  const first = journal.beforeCgroup({ ...CHANGE, file: "cpu.first" });
  journal.beforeCgroup({ ...CHANGE, file: "cpu.second" });
  journal.done(first);
  journal.beforeCgroup({ ...CHANGE, file: "cpu.third" });
  assert.deepEqual(read().cgroups.map(({ file }) => file), ["cpu.third", "cpu.second"]);
});

Deno.test("Journal.begin() takes over another's records; resume() goes on beside them", () => {
  const { journal, read } = scene();
  journal.beforeTask(5, BEFORE, OURS);
  journal.beforeCgroup({ ...CHANGE, file: "cpu.a" });
  journal.beforeCgroup({ ...CHANGE, file: "cpu.b" });
  const memory = new ArrayBuffer(JOURNAL.bytes);
  new Journal(memory, BOOT, startTicks).begin(read());
  const next = new Journal(memory, BOOT, startTicks);
  next.resume();
  const handle = next.beforeTask(6, BEFORE, OURS);
  next.beforeCgroup({ ...CHANGE, file: "cpu.c" });
  const both = readJournal(new Uint8Array(memory), BOOT);
  assert.deepEqual(both.tasks.map(({ tid }) => tid), [5, 6]);
  assert.deepEqual(both.cgroups.map(({ file }) => file), ["cpu.c", "cpu.b", "cpu.a"]);
  next.done(handle);
  assert.deepEqual(readJournal(new Uint8Array(memory), BOOT).tasks.map(({ tid }) => tid), [5]);
});

Deno.test("readJournal() finds nothing in force in a journal of an earlier run of the machine", () => {
  const { journal, bytes } = scene();
  journal.beforeTask(5, BEFORE, OURS);
  journal.beforeCgroup(CHANGE);
  const none = { ...EMPTY, otherBoot: true, headerDamaged: false, damaged: 0 };
  assert.deepEqual(readJournal(bytes, OTHER), none);
});

Deno.test("readJournal() uses the whole records of a journal that was cut, at whatever byte", () => {
  const { journal, bytes } = scene();
  for (let tid = 1; tid <= 4; tid++) journal.beforeTask(tid, BEFORE, OURS);
  const firstTask = JOURNAL.headerBytes;
  for (let cut = firstTask; cut <= firstTask + 4 * JOURNAL.taskBytes; cut++) {
    const contents = readJournal(bytes.subarray(0, cut), BOOT);
    const whole = Math.floor((cut - firstTask) / JOURNAL.taskBytes);
    assert.equal(contents.tasks.length, whole, `cut after ${cut} bytes`);
    for (const task of contents.tasks) assert.deepEqual(task.before, BEFORE);
    assert.equal(contents.damaged, (cut - firstTask) % JOURNAL.taskBytes === 0 ? 0 : 1);
    assert.equal(contents.headerDamaged, false);
  }
  for (const cut of [0, 1, 8, 30, 51]) {
    const contents = readJournal(bytes.subarray(0, cut), BOOT);
    assert.deepEqual([contents.tasks, contents.headerDamaged], [[], true], `cut after ${cut} bytes`);
  }
});

Deno.test("readJournal() tells garbage from records: a flipped bit anywhere loses that record alone", () => {
  const { journal, bytes } = scene();
  for (let tid = 1; tid <= 3; tid++) journal.beforeTask(tid, BEFORE, OURS);
  journal.beforeCgroup(CHANGE);
  journal.beforeMove(9, new Uint8Array(8).fill(255), 1);
  const flipped = (at: number, bit: number) => {
    const copy = bytes.slice();
    copy[at]! ^= 1 << bit;
    return readJournal(copy, BOOT);
  };
  const second = JOURNAL.headerBytes + JOURNAL.taskBytes;
  for (let at = second; at < second + JOURNAL.taskBytes; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const { tasks, damaged, cgroups } = flipped(at, bit);
      assert.deepEqual(
        [tasks.map(({ tid }) => tid), damaged, cgroups],
        [[1, 3], 1, [CHANGE]],
        `${at}.${bit}`,
      );
    }
  }
  const cgroup = JOURNAL.headerBytes + JOURNAL.tasks * JOURNAL.taskBytes;
  for (const at of [0, 4, 8, 16, 20, 24, 60, 1023]) {
    assert.deepEqual([flipped(cgroup + at, 3).cgroups, flipped(cgroup + at, 3).damaged], [[], 1], `${at}`);
  }
  assert.deepEqual([flipped(270, 0).moves, flipped(270, 0).damaged], [[], 1]);
  const header = flipped(20, 0);
  assert.deepEqual([header.headerDamaged, header.tasks.length], [true, 3], "records stand for themselves");
});

Deno.test("readJournal() of random bytes finds no record, and does not throw", () => {
  const bytes = new Uint8Array(JOURNAL.bytes + 100);
  let state = 12345;
  for (let i = 0; i < bytes.length; i++) bytes[i] = (state = Math.imul(state, 1103515245) + 12345 | 0) >>> 16;
  const contents = readJournal(bytes, BOOT);
  assert.deepEqual([contents.tasks, contents.moves, contents.cgroups], [[], [], []]);
  assert.ok(contents.headerDamaged && contents.damaged > 60_000);
});
