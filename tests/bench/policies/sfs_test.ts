import assert from "node:assert/strict";
import { FAIR, FIRST_COME } from "../../../bench/policies/scheduler.ts";
import { SfsScheduler } from "../../../bench/policies/sfs.ts";
import { FakeTasks } from "./fake_tasks.ts";

const MS = 1e6;

function scene(cores = 2) {
  const tasks = new FakeTasks();
  return { tasks, sfs: new SfsScheduler(tasks, cores) };
}

Deno.test("SfsScheduler has as many at the front as there are cores, the others where the kernel puts them", () => {
  const { tasks, sfs } = scene();
  for (const pid of [1, 2, 3]) sfs.started(pid, "f", 0);
  assert.equal(sfs.decide(0), 4 * MS);
  assert.deepEqual(tasks.in(FIRST_COME), [1, 2]);
  assert.equal(tasks.places.has(3), false);
});

Deno.test("SfsScheduler gives the front to the next when a slice of 20 ms is over, or who has it ends", () => {
  const { tasks, sfs } = scene(1);
  for (const pid of [1, 2, 3]) sfs.started(pid, "f", 0);
  sfs.decide(0);
  sfs.decide(19 * MS);
  assert.deepEqual(tasks.in(FIRST_COME), [1]);
  sfs.decide(20 * MS);
  assert.deepEqual([tasks.in(FIRST_COME), tasks.in(FAIR)], [[2], [1]]);
  sfs.ended(2);
  assert.equal(sfs.decide(25 * MS), 29 * MS);
  assert.deepEqual(tasks.in(FIRST_COME), [2, 3]);
});

Deno.test("SfsScheduler does not filter who has queued for more than three slices", () => {
  const { tasks, sfs } = scene(1);
  sfs.started(1, "f", 0);
  sfs.decide(0);
  sfs.started(2, "f", 0);
  sfs.started(3, "f", 59 * MS);
  sfs.decide(61 * MS);
  assert.deepEqual(tasks.in(FIRST_COME), [3]);
  assert.equal(tasks.places.has(2), false);
});

Deno.test("SfsScheduler lets a sleeper go, and queues it again with what is left of its slice", () => {
  const { tasks, sfs } = scene(1);
  sfs.started(1, "f", 0);
  sfs.decide(0);
  tasks.asleep.add(1);
  sfs.decide(15 * MS);
  assert.deepEqual(tasks.in(FAIR), [1]);
  tasks.asleep.delete(1);
  // 5 ms are left.
  assert.equal(sfs.decide(100 * MS), 104 * MS);
  assert.deepEqual(tasks.in(FIRST_COME), [1]);
  sfs.decide(105 * MS);
  assert.deepEqual(tasks.in(FAIR), [1]);
});

Deno.test("SfsScheduler's slice is cores × the mean distance of 200 arrivals, at least 6 ms", () => {
  for (const [apartMs, sliceMs] of [[50, 100], [1, 6]] as const) {
    const { tasks, sfs } = scene(2);
    let nowNs = 0;
    for (let pid = 1; pid <= 201; pid++, nowNs += apartMs * MS) {
      sfs.started(pid, "f", nowNs);
      sfs.ended(pid);
    }
    sfs.started(1000, "f", nowNs);
    sfs.decide(nowNs);
    sfs.decide(nowNs + (sliceMs - 1) * MS);
    assert.deepEqual(tasks.in(FIRST_COME), [1000]);
    sfs.decide(nowNs + sliceMs * MS);
    assert.deepEqual(tasks.in(FAIR), [1000]);
  }
});
