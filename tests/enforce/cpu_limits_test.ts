import assert from "node:assert/strict";
import { CpuLimits, parsePeriods } from "../../enforce/cpu_limits.ts";
import { cgroupMount } from "../../enforce/cgroup_mount.ts";

const mount = cgroupMount();
const root = mount?.path ?? "";
const line = (path: string) => mount?.version === 1 ? `3:cpu:${path}\n` : `0::${path}\n`;
const stat = (all: number, throttled: number) =>
  `nr_periods ${all}\nnr_throttled ${throttled}\nthrottled_time 9\n`;

Deno.test("parsePeriods() reads both versions' cpu.stat", () => {
  assert.deepEqual(parsePeriods("nr_periods 12\nnr_throttled 3\nthrottled_time 99\n"), {
    all: 12,
    throttled: 3,
  });
  assert.deepEqual(
    parsePeriods("usage_usec 5\nuser_usec 4\nnr_periods 12\nnr_throttled 3\nthrottled_usec 1\n"),
    { all: 12, throttled: 3 },
  );
  assert.equal(parsePeriods("usage_usec 5\n"), undefined);
  assert.equal(parsePeriods(""), undefined);
});

Deno.test({
  name: "a process is held by a limit that is reached in half of the periods between two looks",
  ignore: !mount,
  fn: () => {
    const files: Record<string, string> = {
      "/proc/7/cgroup": line("/pods/one"),
      [`${root}/pods/one/cpu.stat`]: stat(100, 90),
      [`${root}/pods/cpu.stat`]: stat(0, 0),
    };
    const limits = new CpuLimits((path) => files[path]);
    const look = () => {
      limits.begin();
      return limits.hold(7);
    };
    assert.equal(look(), true, "the first look cannot tell");
    files[`${root}/pods/one/cpu.stat`] = stat(110, 95);
    assert.equal(look(), true, "five of ten");
    files[`${root}/pods/one/cpu.stat`] = stat(120, 99);
    assert.equal(look(), false, "four of ten");
    assert.equal(look(), false, "no period at all: nobody in it could run, or wanted to");
    limits.begin();
    assert.equal(look(), true, "one that was not looked at in the look before cannot be told");
    files[`${root}/pods/one/cpu.stat`] = stat(500, 0);
    assert.equal(look(), false, "never reached");
    files[`${root}/pods/cpu.stat`] = stat(10, 10);
    assert.equal(look(), true, "a limit around it counts as well");
  },
});

Deno.test("a process is held by no limit where it is gone, or its cgroup cannot be seen", () => {
  const cgroups = [undefined, "", "nonsense", line("/"), line("/gone"), line("/../outside")];
  for (const text of cgroups) {
    const limits = new CpuLimits((path) => path === "/proc/7/cgroup" ? text : undefined);
    limits.begin();
    assert.equal(limits.hold(7), false, text);
  }
});
