import assert from "node:assert/strict";
import { type CpuFiles, CpuUtilization, parseCpuTicks, parsePressure } from "../../core/cpu_utilization.ts";

/** Files that a test writes. */
function files(stat: string, pressure?: string): CpuFiles & { set(changes: Partial<Contents>): void } {
  const contents: Contents = { stat, pressure, ms: 0 };
  return {
    stat: () => contents.stat,
    pressure: () => contents.pressure,
    nowMs: () => contents.ms,
    set: (changes) => void Object.assign(contents, changes),
  };
}

interface Contents {
  stat: string;
  pressure: string | undefined;
  ms: number;
}

Deno.test("parseCpuTicks() adds up the first line; guest time is within user time", () => {
  const stat = "cpu  100 20 30 400 50 6 7 8 90 9\ncpu0 1 1 1 1 1 1 1 1 0 0\nintr 5\n";
  assert.deepEqual(parseCpuTicks(stat), { busy: 171, total: 621 });
});

Deno.test("parseCpuTicks() takes the fields that a kernel has", () => {
  assert.deepEqual(parseCpuTicks("cpu 10 0 5 100\n"), { busy: 15, total: 115 });
});

Deno.test("parseCpuTicks() adds up the lines of some CPUs, of which one may be switched off", () => {
  const stat = "cpu 6 0 0 60\ncpu0 1 0 0 10\ncpu1 2 0 0 20\ncpu11 3 0 0 30\n";
  assert.deepEqual(parseCpuTicks(stat, [1]), { busy: 2, total: 22 });
  assert.deepEqual(parseCpuTicks(stat, [0, 11, 5]), { busy: 4, total: 44 });
  assert.throws(() => parseCpuTicks(stat, [5]), /cannot read \/proc\/stat/);
});

Deno.test("parseCpuTicks() says that it cannot read what has no such line", () => {
  for (const stat of ["", "\n", "intr 5\n", "cpu x 1 2 3\n", "cpu0 1 2 3 4\n"]) {
    assert.throws(() => parseCpuTicks(stat), { message: /^cannot read \/proc\/stat/ }, JSON.stringify(stat));
  }
});

Deno.test("parsePressure() reads the line of some, where there is one", () => {
  assert.equal(
    parsePressure("some avg10=1.00 avg60=0.10 avg300=0.02 total=12345\nfull avg10=0 total=5\n"),
    12345,
  );
  assert.equal(parsePressure("full avg10=0.00 total=5\n"), undefined);
  assert.equal(parsePressure(""), undefined);
});

Deno.test("CpuUtilization.percent() is the busy share since the last call that advanced", () => {
  const machine = files("cpu 0 0 0 0\n"), utilization = new CpuUtilization(undefined, machine);
  assert.equal(utilization.percent(true), 0, "no time has passed");
  machine.set({ stat: "cpu 30 0 0 70\n" });
  assert.equal(utilization.percent(false), 30);
  machine.set({ stat: "cpu 130 0 0 70\n" });
  assert.equal(utilization.percent(true), 65);
  machine.set({ stat: "cpu 130 0 0 170\n" });
  assert.equal(utilization.percent(true), 0);
});

Deno.test("CpuUtilization.percent() stays within 0 and 100 where the counters go back", () => {
  const machine = files("cpu 100 0 0 100\n"), utilization = new CpuUtilization(undefined, machine);
  machine.set({ stat: "cpu 90 0 0 150\n" });
  assert.equal(utilization.percent(false), 0);
  machine.set({ stat: "cpu 190 0 0 50\n" });
  assert.equal(utilization.percent(false), 100);
});

Deno.test("CpuUtilization.pressurePercent() is the share of the time in which someone waited", () => {
  const machine = files("cpu 0 0 0 0\n", "some avg10=0.00 total=1000\n");
  const utilization = new CpuUtilization(undefined, machine);
  machine.set({ pressure: "some avg10=0.00 total=251000\n", ms: 1000 });
  assert.equal(utilization.pressurePercent(false), 25);
  machine.set({ pressure: "some avg10=0.00 total=1001000\n", ms: 2000 });
  assert.equal(utilization.pressurePercent(true), 50);
  assert.equal(utilization.pressurePercent(true), 0, "no time has passed");
  machine.set({ pressure: undefined, ms: 3000 });
  assert.equal(utilization.pressurePercent(true), 0, "a kernel without it");
});

Deno.test("CpuUtilization reads this machine's counters", () => {
  const utilization = new CpuUtilization([0]);
  for (const percent of [utilization.percent(false), utilization.pressurePercent(false)]) {
    assert.ok(percent >= 0 && percent <= 100);
  }
});
