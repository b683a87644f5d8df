import assert from "node:assert/strict";
import { machineUsage, parseBusyMs, parsePeakMb, parseStatCpuMs, processUsage } from "../../bench/usage.ts";

Deno.test("parseStatCpuMs() adds user and system time, whatever the process's name", () => {
  const rest = "S 1 2 3 0 -1 4194560 3025 0 0 0 150 25 7 8 20 0 12 0 1000";
  assert.equal(parseStatCpuMs(`4242 (a) b (c)) ${rest}`), 1750);
});

Deno.test("parsePeakMb() reads the most memory that was resident", () => {
  assert.equal(parsePeakMb("Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t 1024 kB\n"), 2);
  assert.equal(parsePeakMb("Name:\tkthread\n"), 0);
});

Deno.test("parseBusyMs() leaves out what the CPUs did not do", () => {
  assert.equal(parseBusyMs("cpu  10 20 30 4000 500 6 7 8 9 9\ncpu0 1 1 1 1\n"), 810);
});

Deno.test("processUsage() sees this process work", () => {
  const before = processUsage(Deno.pid)!, machine = machineUsage();
  let after = before;
  while (after.cpuMs < before.cpuMs + 30) after = processUsage(Deno.pid)!;
  assert.ok(after.peakMemoryMb > 1);
  const { busyMs, stealMs, contextSwitches } = machineUsage();
  assert.ok(busyMs > machine.busyMs && stealMs >= machine.stealMs);
  // Asking for it is a system call, not a switch; but in so long a machine has always switched.
  assert.ok(contextSwitches > machine.contextSwitches);
});

Deno.test("processUsage() is undefined for a process that is gone", async () => {
  const child = new Deno.Command("true").spawn();
  await child.status;
  assert.equal(processUsage(child.pid), undefined);
});
