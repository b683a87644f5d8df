import assert from "node:assert/strict";
import { nicePlace, NiceScheduler, niceValues } from "../../../bench/policies/nice.ts";
import { FakeTasks } from "./fake_tasks.ts";

Deno.test("niceValues() spreads functions over all nice values, the smallest first", () => {
  const sizes = new Map([["large", 900], ["small", 1], ["middle", 30]]);
  assert.deepEqual([...niceValues(sizes)], [["small", -20], ["middle", 0], ["large", 19]]);
  assert.deepEqual([...niceValues(new Map([["only", 5]]))], [["only", -20]]);
});

Deno.test("NiceScheduler sets what it knows", () => {
  const tasks = new FakeTasks(), scheduler = new NiceScheduler(tasks, new Map([["small", -20]]));
  scheduler.started(1, "small");
  scheduler.started(2, "unknown");
  assert.deepEqual([...tasks.places], [[1, nicePlace(-20)]]);
});
