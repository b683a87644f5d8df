import assert from "node:assert/strict";
import { cgroupLayout, checkCgroup } from "../../doctor/cgroup_layout.ts";
import { type Fake, fakeMachine } from "./fake_machine.ts";

const CONTROLLERS =
  "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t1\t1\ncpuacct\t1\t1\t1\nmemory\t2\t1\t1\n";

/** A machine with these mounts: the path and what follows it in `/proc/self/mountinfo`, root first where it is not `/`. */
function mounted(mounts: [path: string, typeAndOptions: string, root?: string][], files: Fake["files"] = {}) {
  const lines = mounts.map(([path, rest, root = "/"], i) =>
    `${30 + i} 25 0:${i} ${root} ${path} rw - ${rest}\n`
  );
  return fakeMachine({
    files: { "/proc/self/mountinfo": lines.join(""), "/proc/cgroups": CONTROLLERS, ...files },
  });
}

Deno.test("cgroupLayout() finds the cpu controller in version 2, and whether it is on below the top", () => {
  const machine = mounted([["/sys/fs/cgroup", "cgroup2 cgroup2 rw,nsdelegate"]]);
  assert.deepEqual(cgroupLayout(machine), {
    version: "v2",
    cpu: { version: 2, path: "/sys/fs/cgroup" },
    unified: "/sys/fs/cgroup",
    controllers: [{ path: "/sys/fs/cgroup", names: ["cpuset", "cpu", "io", "memory", "pids"] }],
  });
  assert.match(checkCgroup(machine).found, /^v2, cpu controller in version 2 at \/sys\/fs\/cgroup, on for/);
  const off = mounted([["/sys/fs/cgroup", "cgroup2 cgroup2 rw"]], {
    "/sys/fs/cgroup/cgroup.subtree_control": "pids",
  });
  assert.match(checkCgroup(off).found, /off for the groups below/);
});

Deno.test("cgroupLayout() finds the cpu controller in version 1, whatever it is mounted with, and hybrid machines", () => {
  const machine = mounted([
    ["/sys/fs/cgroup/cpu,cpuacct", "cgroup cgroup rw,cpu,cpuacct"],
    ["/sys/fs/cgroup/systemd", "cgroup cgroup rw,name=systemd"],
    ["/sys/fs/cgroup/unified", "cgroup2 cgroup2 rw"],
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
  assert.equal(cgroupLayout(mounted([["/c", "cgroup cgroup rw,cpu"]])).version, "v1");
});

Deno.test("checkCgroup() says that the cpu controller or all hierarchies are missing", () => {
  const without = mounted([["/sys/fs/cgroup", "cgroup2 cgroup2 rw"]], {
    "/sys/fs/cgroup/cgroup.controllers": "memory pids\n",
  });
  assert.equal(checkCgroup(without).status, "limited");
  assert.match(
    checkCgroup(without).found,
    /v2, the cpu controller is in no hierarchy that is mounted as a whole \(\/sys\/fs\/cgroup: memory/,
  );
  const part = mounted([["/c", "cgroup cgroup rw,cpu", "/docker/x"]]);
  assert.deepEqual([cgroupLayout(part).version, cgroupLayout(part).cpu], ["v1", undefined]);
  const none = mounted([["/proc", "proc proc rw"]]);
  assert.deepEqual([cgroupLayout(none).version, checkCgroup(none).status], ["none", "limited"]);
});

Deno.test("checkCgroup() shows a hostile mount's path without control characters", () => {
  const { found } = checkCgroup(mounted([["/a\\040b\\033[2J", "cgroup cgroup rw,cpu"]]));
  assert.match(found, /at \/a b\\u001b\[2J$/);
});
