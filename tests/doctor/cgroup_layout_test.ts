import assert from "node:assert/strict";
import { cgroupLayout, checkCgroup } from "../../doctor/cgroup_layout.ts";
import { type Fake, fakeMachine } from "./fake_machine.ts";

const CONTROLLERS =
  "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t1\t1\ncpuacct\t1\t1\t1\nmemory\t2\t1\t1\n";

/** A machine with these lines in its mounts. */
function mounted(mounts: string[], files: Fake["files"] = {}) {
  return fakeMachine({
    files: { "/proc/self/mounts": mounts.join("\n") + "\n", "/proc/cgroups": CONTROLLERS, ...files },
  });
}

Deno.test("cgroupLayout() finds the cpu controller in version 2, and whether it is on below the top", () => {
  const machine = mounted(["cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0"]);
  assert.deepEqual(cgroupLayout(machine), {
    version: "v2",
    cpu: { version: 2, path: "/sys/fs/cgroup" },
    unified: "/sys/fs/cgroup",
    controllers: [{ path: "/sys/fs/cgroup", names: ["cpuset", "cpu", "io", "memory", "pids"] }],
  });
  assert.match(checkCgroup(machine).found, /^v2, cpu controller in version 2 at \/sys\/fs\/cgroup, on for/);
  const off = mounted(["cgroup2 /sys/fs/cgroup cgroup2 rw 0 0"], {
    "/sys/fs/cgroup/cgroup.subtree_control": "pids",
  });
  assert.match(checkCgroup(off).found, /off for the groups below/);
});

Deno.test("cgroupLayout() finds the cpu controller in version 1, whatever it is mounted with, and hybrid machines", () => {
  const machine = mounted([
    "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,cpu,cpuacct 0 0",
    "cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0",
    "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0",
  ], { "/sys/fs/cgroup/unified/cgroup.controllers": "\n" });
  assert.deepEqual(cgroupLayout(machine), {
    version: "hybrid",
    cpu: { version: 1, path: "/sys/fs/cgroup/cpu,cpuacct" },
    unified: "/sys/fs/cgroup/unified",
    controllers: [
      { path: "/sys/fs/cgroup/cpu,cpuacct", names: ["cpu", "cpuacct"] },
      { path: "/sys/fs/cgroup/unified", names: [] },
    ],
  });
  assert.equal(checkCgroup(machine).status, "ok");
  assert.equal(cgroupLayout(mounted(["cgroup /c cgroup rw,cpu 0 0"])).version, "v1");
});

Deno.test("checkCgroup() says that the cpu controller or all hierarchies are missing", () => {
  const without = mounted(["cgroup2 /sys/fs/cgroup cgroup2 rw 0 0"], {
    "/sys/fs/cgroup/cgroup.controllers": "memory pids\n",
  });
  assert.equal(checkCgroup(without).status, "limited");
  assert.match(
    checkCgroup(without).found,
    /v2, the cpu controller is in no hierarchy \(\/sys\/fs\/cgroup: memory/,
  );
  const none = mounted(["proc /proc proc rw 0 0"]);
  assert.deepEqual([cgroupLayout(none).version, checkCgroup(none).status], ["none", "limited"]);
});

Deno.test("checkCgroup() shows a hostile mount's path without control characters", () => {
  const { found } = checkCgroup(mounted(["cgroup /a\\040b\\033[2J cgroup rw,cpu 0 0"]));
  assert.match(found, /at \/a b\\u001b\[2J$/);
});
