import assert from "node:assert/strict";
import { putBackInherited, relatedProcesses } from "../../enforce/inherited.ts";
import type { TaskRecord } from "../../enforce/journal_layout.ts";
import {
  type CgroupFiles,
  putBackAutogroup,
  putBackCgroup,
  putBackMove,
  putBackTask,
} from "../../enforce/put_back.ts";
import { SCHED_BATCH, SCHED_FIFO, SCHED_IDLE, SCHED_NORMAL } from "../../ffi/libc.ts";
import { FakeTasks, PLAIN } from "./fake_tasks.ts";

const DEMOTED = { policy: SCHED_IDLE, nice: 5 };
const RECORD: TaskRecord = {
  tid: 1,
  startTicks: 100,
  before: { ...PLAIN, nice: 5, flags: 1n },
  ours: { policy: SCHED_IDLE, nice: 19 },
};

/** Tasks with start times: 100, but for those that are given. */
class Kernel extends FakeTasks {
  readonly starts = new Map<number, number>();
  startTicks(tid: number): number | undefined {
    return this.attrs.has(tid) ? this.starts.get(tid) ?? 100 : undefined;
  }
}

function kernelOf(task: Parameters<FakeTasks["add"]>[1]): Kernel {
  const kernel = new Kernel();
  kernel.add(1, task);
  return kernel;
}

Deno.test("putBackTask() gives a task that is as it was left what it had before", () => {
  const kernel = kernelOf(DEMOTED);
  assert.equal(putBackTask(kernel, RECORD), "restored");
  assert.deepEqual(kernel.attrs.get(1), RECORD.before);
});

Deno.test("putBackTask() leaves a task that has got the id since, and one that is gone", () => {
  const kernel = kernelOf(DEMOTED);
  kernel.starts.set(1, 101);
  assert.equal(putBackTask(kernel, RECORD), "gone");
  kernel.remove(1);
  assert.equal(putBackTask(kernel, RECORD), "gone");
  assert.deepEqual(kernel.changes, []);
});

Deno.test("putBackTask() leaves a task whose policy someone else has changed", () => {
  for (const policy of [SCHED_NORMAL, SCHED_BATCH, SCHED_FIFO]) {
    const kernel = kernelOf({ policy, nice: 5 });
    assert.equal(putBackTask(kernel, RECORD), "changed");
    assert.deepEqual(kernel.changes, []);
  }
});

Deno.test("putBackTask() keeps a nice value that someone else has set, and undoes the policy", () => {
  const kernel = kernelOf({ policy: SCHED_IDLE, nice: 10 });
  assert.equal(putBackTask(kernel, RECORD), "restored");
  assert.deepEqual([kernel.attrs.get(1)?.policy, kernel.attrs.get(1)?.nice], [SCHED_NORMAL, 10]);
});

Deno.test("putBackTask() says why it was refused, and makes no task real-time, whatever a record says", () => {
  const kernel = kernelOf(DEMOTED);
  kernel.refuse.set(1, 1);
  assert.deepEqual(putBackTask(kernel, RECORD), { failed: "EPERM (not permitted)" });
  const forged = { ...RECORD, before: { ...PLAIN, policy: SCHED_FIFO } };
  assert.ok(typeof putBackTask(kernelOf(DEMOTED), forged) === "object");
});

Deno.test("putBackMove() undoes a move that was cut short, and no mask that someone else has set", () => {
  const kernel = kernelOf({}), mask = new Uint8Array([0x0f, 0, 0, 0, 0, 0, 0, 0]);
  const record = { tid: 1, startTicks: 100, mask, cpu: 2 };
  kernel.masks.set(1, 0b100n);
  assert.equal(putBackMove(kernel, record), "restored");
  assert.equal(kernel.masks.get(1), 0x0fn);
  for (const other of [0x0fn, 0b1000n, 0b101n, 0b100n << 32n]) {
    kernel.masks.set(1, other);
    assert.equal(putBackMove(kernel, record), "changed");
    assert.equal(kernel.masks.get(1), other);
  }
  kernel.masks.set(1, 0b100n);
  assert.equal(putBackMove(kernel, { ...record, startTicks: 7 }), "gone");
  assert.equal(kernel.masks.get(1), 0b100n);
});

Deno.test("putBackCgroup() writes the value from before where cgroup and value are still the same", () => {
  const change = { path: "/cg/a", inode: 7, file: "cpu.shares", before: "300", ours: "2" };
  const cases: [string, { inode?: number; value?: string; error?: Error }, unknown, string][] = [
    ["as it was left", {}, "restored", "300"],
    ["a cgroup made later under that path", { inode: 8 }, "gone", "2"],
    ["removed", { error: new Deno.errors.NotFound("no such file") }, "gone", "2"],
    ["removed meanwhile", { error: new Error("No such device (os error 19)") }, "gone", "2"],
    ["changed by someone else", { value: "500" }, "changed", "500"],
    ["read-only", { error: new Error("Read-only file system (os error 30): write") }, {
      failed: "Read-only file system",
    }, "2"],
  ];
  for (const [what, { inode = 7, value = "2", error }, outcome, after] of cases) {
    let text = value;
    const files: CgroupFiles = {
      inode: () => inode,
      read: (path) => path === "/cg/a/cpu.shares" ? `${text}\n` : assert.fail(path),
      write: (_, written) => {
        if (error) throw error;
        text = written;
      },
    };
    assert.deepEqual(putBackCgroup(files, change), outcome, what);
    assert.equal(text, after, what);
  }
});

Deno.test("putBackCgroup() writes to no file but a cgroup's own of the cpu controller", () => {
  const files: CgroupFiles = {
    inode: () => assert.fail("looked"),
    read: () => assert.fail("read"),
    write: () => assert.fail("written"),
  };
  const change = { path: "/etc", inode: 7, before: "x", ours: "y" };
  for (const file of ["passwd", "cpu./../passwd", "cgroup.procs", "cpu.x/../../y", ""]) {
    assert.ok(typeof putBackCgroup(files, { ...change, file }) === "object", file);
  }
  assert.ok(typeof putBackCgroup(files, { ...change, path: "etc", file: "cpu.shares" }) === "object");
});

/** `pid parent group session` of each process. */
const relatives = (...rows: [number, number, number, number][]) =>
  rows.map(([pid, parentPid, group, session]) => ({ pid, parentPid, group, session }));

Deno.test("relatedProcesses() finds descendants, and what is left of an ended one's group and session", () => {
  const a = { ...PLAIN, nice: 1 }, b = { ...PLAIN, nice: 2 };
  const processes = relatives(
    [1, 0, 1, 1],
    [10, 1, 10, 10],
    [11, 10, 10, 10],
    [12, 11, 12, 12],
    [20, 1, 15, 1],
    [21, 1, 30, 16],
    [22, 21, 30, 30],
    [40, 1, 40, 40],
    [41, 40, 40, 40],
  );
  const related = relatedProcesses(processes, new Map([[10, a], [12, b]]), new Map([[15, b], [16, a]]));
  assert.deepEqual(
    new Map([...related].sort(([x], [y]) => x - y)),
    new Map([[10, a], [11, a], [12, b], [20, b], [21, a], [22, a]]),
  );
});

Deno.test("putBackInherited() takes heirs out of the idle class, and nobody else", () => {
  const kernel = new Kernel();
  const idle = { policy: SCHED_IDLE, nice: 5 };
  kernel.add(1, { nice: 5 }); // recorded, put back already
  kernel.add(2, idle); // its second thread
  kernel.add(3, { policy: SCHED_IDLE, nice: 8 }); // a child that was given another nice value
  kernel.add(4, { policy: SCHED_BATCH, nice: 5 }); // a child that has changed its policy
  kernel.add(5, idle); // somebody else's
  kernel.add(6, idle); // recorded: left as it is, whatever the reason
  kernel.add(7, idle); // child of a process that has got a recorded id
  kernel.starts.set(8, 999).set(7, 999);
  kernel.add(8, idle);
  kernel.add(9, idle); // what is left of an ended one's group
  const processes = relatives(
    [1, 50, 1, 1],
    [3, 1, 1, 1],
    [4, 1, 1, 1],
    [5, 50, 5, 5],
    [6, 50, 6, 6],
    [8, 50, 8, 8],
    [7, 8, 8, 8],
    [9, 50, 77, 1],
  );
  const records = [1, 6, 8, 77].map((tid) => ({ ...RECORD, tid }));
  const outcomes = putBackInherited(kernel, {
    processes: () => processes,
    processOf: (tid) => tid,
    threadsOf: (pid) => pid === 1 ? [1, 2] : [pid],
  }, records);
  assert.deepEqual(outcomes, ["restored", "restored", "restored"]);
  const shown = (tid: number) => [kernel.attrs.get(tid)?.policy, kernel.attrs.get(tid)?.nice];
  assert.deepEqual([2, 3, 9].map(shown), [[SCHED_NORMAL, 5], [SCHED_NORMAL, 8], [SCHED_NORMAL, 5]]);
  for (const tid of [5, 6, 7, 8]) assert.deepEqual(shown(tid), [SCHED_IDLE, 5], `${tid}`);
  assert.deepEqual(shown(4), [SCHED_BATCH, 5]);
});

Deno.test("putBackInherited() looks again as long as it finds some: they may have had children meanwhile", () => {
  const kernel = new Kernel();
  for (const tid of [1, 2, 3]) kernel.add(tid, { policy: tid === 1 ? SCHED_NORMAL : SCHED_IDLE });
  const rows = relatives([1, 50, 1, 1], [2, 1, 1, 1], [3, 2, 1, 1]);
  let looks = 0;
  const list = {
    processes: () => rows.slice(0, 2 + looks++),
    processOf: (tid: number) => tid,
    threadsOf: (pid: number) => [pid],
  };
  assert.deepEqual(putBackInherited(kernel, list, [RECORD]), ["restored", "restored"]);
  assert.deepEqual([2, 3].map((tid) => kernel.attrs.get(tid)?.policy), [SCHED_NORMAL, SCHED_NORMAL]);
});

Deno.test("putBackAutogroup() gives a session its nice value back, through any process that is in it", () => {
  const change = {
    path: "/proc/9",
    inode: 0,
    file: "autogroup",
    before: "/autogroup-25 nice 3",
    ours: "/autogroup-25 nice 19",
  };
  const groups = new Map([[7, "/autogroup-2 nice 19"], [8, "/autogroup-25 nice 19"]]);
  const written: string[] = [];
  let refusals = 0, paused = 0;
  const pause = (ms: number) => void (paused += ms);
  const files = {
    read: (path: string) => {
      const text = groups.get(Number(path.split("/")[2]));
      if (text === undefined) throw new Deno.errors.NotFound(path);
      return `${text}\n`;
    },
    write: (path: string, text: string) => {
      if (refusals-- > 0) throw new Error("Resource temporarily unavailable (os error 11)");
      written.push(`${path} ${text}`);
    },
  };
  assert.equal(putBackAutogroup(files, [9, 7, 8], change, pause), "restored");
  assert.deepEqual(written, ["/proc/8/autogroup 3"]);
  refusals = 2;
  assert.equal(putBackAutogroup(files, [8], change, pause), "restored");
  assert.ok(paused > 200, "the kernel refuses the next for a tenth of a second");
  refusals = 3;
  assert.match(JSON.stringify(putBackAutogroup(files, [8], change, pause)), /temporarily unavailable/);
  groups.set(8, "/autogroup-25 nice 5");
  assert.equal(putBackAutogroup(files, [9, 7, 8], change, pause), "changed");
  assert.equal(putBackAutogroup(files, [9, 7], change, pause), "gone");
  assert.equal(written.length, 2);
});
