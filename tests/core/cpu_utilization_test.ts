import assert from "node:assert/strict";
import { CpuUtilization, parseCpuTicks } from "../../core/cpu_utilization.ts";

Deno.test("parseCpuTicks() adds up the first line; guest time is within user time", () => {
  const stat = "cpu  100 20 30 400 50 6 7 8 90 9\ncpu0 1 1 1 1 1 1 1 1 0 0\nintr 5\n";
  assert.deepEqual(parseCpuTicks(stat), { busy: 171, total: 621 });
});

Deno.test("parseCpuTicks() takes the fields that a kernel has", () => {
  assert.deepEqual(parseCpuTicks("cpu 10 0 5 100\n"), { busy: 15, total: 115 });
});

Deno.test("parseCpuTicks() says that it cannot read what has no such line", () => {
  for (const stat of ["", "\n", "intr 5\n", "cpu x 1 2 3\n", "cpu0 1 2 3 4\n"]) {
    assert.throws(() => parseCpuTicks(stat), { message: /^cannot read \/proc\/stat/ }, JSON.stringify(stat));
  }
});

Deno.test("CpuUtilization.percent() is the busy share since the last call that advanced", () => {
  let stat = "cpu 0 0 0 0\n";
  const utilization = new CpuUtilization(() => stat);
  assert.equal(utilization.percent(true), 0, "no time has passed");
  stat = "cpu 30 0 0 70\n";
  assert.equal(utilization.percent(false), 30);
  stat = "cpu 130 0 0 70\n";
  assert.equal(utilization.percent(true), 65);
  stat = "cpu 130 0 0 170\n";
  assert.equal(utilization.percent(true), 0);
});

Deno.test("CpuUtilization.percent() stays within 0 and 100 where the counters go back", () => {
  let stat = "cpu 100 0 0 100\n";
  const utilization = new CpuUtilization(() => stat);
  stat = "cpu 90 0 0 150\n";
  assert.equal(utilization.percent(false), 0);
  stat = "cpu 190 0 0 50\n";
  assert.equal(utilization.percent(false), 100);
});

Deno.test("CpuUtilization reads this machine's counters", () => {
  const percent = new CpuUtilization().percent(false);
  assert.ok(percent >= 0 && percent <= 100);
});
