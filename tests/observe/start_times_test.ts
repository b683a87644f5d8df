import assert from "node:assert/strict";
import { readStartTicks, StartTimes } from "../../observe/start_times.ts";

Deno.test("StartTimes.of() gives what the kernel has told, and asks /proc for the others once", () => {
  const asked: number[] = [];
  const times = new StartTimes((tid) => {
    asked.push(tid);
    return tid === 404 ? undefined : 1000 + tid;
  });
  times.note(7, 70);
  assert.deepEqual([times.of(7), times.of(8), times.of(8), times.of(404)], [70, 1008, 1008, undefined]);
  assert.deepEqual(asked, [8, 404]);
});

Deno.test("StartTimes.of() gives nothing of a task that has ended, or of another one in its place", () => {
  const times = new StartTimes((tid) => -tid);
  times.note(7, 70);
  times.note(7 + 2 ** 20, 71);
  assert.deepEqual([times.of(7), times.of(7 + 2 ** 20)], [-7, -(7 + 2 ** 20)]);
  times.note(9, 90);
  times.forget(9 + 2 ** 20);
  assert.equal(times.of(9), 90);
  times.forget(9);
  assert.equal(times.of(9), -9);
});

Deno.test("readStartTicks() gives this process's start, in hundredths of a second since the machine's", () => {
  const uptime = Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]) * 100;
  const ticks = readStartTicks(Deno.pid)!;
  assert.ok(ticks > 0 && ticks <= uptime + 1, `${ticks} of ${uptime}`);
  assert.equal(readStartTicks(2 ** 22 + 1), undefined);
});
