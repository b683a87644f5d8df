import assert from "node:assert/strict";
import { WakeTimes } from "../../core/wake_times.ts";

Deno.test("WakeTimes tells how late the earliest event was read, once", () => {
  const times = new WakeTimes();
  assert.equal(times.readLateNs(100), undefined);
  times.add(70);
  times.add(90);
  assert.equal(times.readLateNs(100), 30);
  assert.equal(times.readLateNs(200), undefined, "what waits for a decision is not later by the hour");
  times.add(195);
  assert.equal(times.readLateNs(200), 5);
  assert.deepEqual([...times], [70, 90, 195], "the decision sees them all");
});

Deno.test("WakeTimes.clear() forgets what a decision has taken into account", () => {
  const times = new WakeTimes();
  times.add(1);
  times.clear();
  assert.deepEqual([...times], []);
  assert.equal(times.readLateNs(9), undefined);
  times.add(5);
  assert.equal(times.readLateNs(9), 4);
});
