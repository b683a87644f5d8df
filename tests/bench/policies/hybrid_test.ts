import assert from "node:assert/strict";
import { HybridScheduler } from "../../../bench/policies/hybrid.ts";
import { FAIR, FIRST_COME } from "../../../bench/policies/scheduler.ts";
import { FakeTasks } from "./fake_tasks.ts";

const MS = 1e6;

/** A scheduler that has seen invocations of 1 to `count` ms end. */
function trained(count: number) {
  const tasks = new FakeTasks(), hybrid = new HybridScheduler(tasks);
  for (let ms = 1; ms <= count; ms++) hybrid.ended(ms, ms * MS);
  return { tasks, hybrid };
}

Deno.test("HybridScheduler puts everyone into SCHED_FIFO, and limits no one before 20 have ended", () => {
  const { tasks, hybrid } = trained(19);
  hybrid.started(1000, "f", 0);
  tasks.cpu.set(1000, 1e12);
  assert.equal(hybrid.decide(1e12), Infinity);
  assert.deepEqual(tasks.in(FIRST_COME), [1000]);
});

Deno.test("HybridScheduler's limit is the 90th percentile of the latest 100 CPU times", () => {
  assert.equal(trained(100).hybrid.limitNs, 90 * MS);
  assert.equal(trained(200).hybrid.limitNs, 190 * MS);
});

Deno.test("HybridScheduler puts who has used as much as the limit where the kernel puts it, by CPU time alone", () => {
  const { tasks, hybrid } = trained(100);
  tasks.cpu.set(1000, 500 * MS); // a warm process has used that before
  hybrid.started(1000, "f", 0);
  // It has waited so far: it cannot reach the limit for 90 ms more.
  assert.equal(hybrid.decide(1000 * MS), 1090 * MS);
  tasks.cpu.set(1000, 589 * MS);
  assert.equal(hybrid.decide(1090 * MS), 1094 * MS);
  assert.deepEqual(tasks.in(FIRST_COME), [1000]);
  tasks.cpu.set(1000, 591 * MS);
  assert.equal(hybrid.decide(1094 * MS), Infinity);
  assert.deepEqual(tasks.in(FAIR), [1000]);
});
