import assert from "node:assert/strict";
import { shareProcessors } from "../../bench/processor_sharing.ts";

Deno.test("shareProcessors() gives all active jobs equal shares", () => {
  // Alone until 10, then half each until the short one has its 20 at 50.
  const jobs = [{ arrival: 0, cpu: 100 }, { arrival: 10, cpu: 20 }];
  assert.deepEqual([...shareProcessors(jobs, 1)], [120, 50]);
});

Deno.test("shareProcessors() gives no job more than one core", () => {
  const jobs = [{ arrival: 0, cpu: 100 }, { arrival: 10, cpu: 20 }];
  assert.deepEqual([...shareProcessors(jobs, 2)], [100, 30]);
  // Three on two cores: two thirds each until the first two have their 20 at 30.
  const three = [{ arrival: 0, cpu: 20 }, { arrival: 0, cpu: 20 }, { arrival: 0, cpu: 50 }];
  const completions = shareProcessors(three, 2);
  [30, 30, 60].forEach((expected, index) => assert.ok(Math.abs(completions[index]! - expected) < 1e-9));
});

Deno.test("shareProcessors() takes gaps, any order, jobs without work and none at all", () => {
  assert.deepEqual([...shareProcessors([{ arrival: 50, cpu: 5 }, { arrival: 0, cpu: 5 }], 1)], [55, 5]);
  assert.deepEqual([...shareProcessors([{ arrival: 7, cpu: 0 }], 1)], [7]);
  assert.deepEqual([...shareProcessors([], 1)], []);
});
