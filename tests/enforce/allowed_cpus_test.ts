import assert from "node:assert/strict";
import { AllowedCpus } from "../../enforce/allowed_cpus.ts";

const ALL = new Array(128).fill(0xff);
const status = (mask: string) => `Name:\tx\nCpus_allowed:\t${mask}\n`;
const V1 = "30 25 0:26 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n";
const V2 = "30 25 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";

/** What the files hold, and which mask follows. */
function allowed(files: Record<string, string>): number[] | undefined {
  const mask = new AllowedCpus((path) => files[path]).of(7);
  return mask && [...mask];
}

function bytes(...first: number[]): number[] {
  return [...first, ...new Array(128 - first.length).fill(0)];
}

Deno.test("a task that may run on all of its cpuset's CPUs follows its cpuset, in versions 1 and 2", () => {
  assert.deepEqual(
    allowed({
      "/proc/self/mountinfo": V1,
      "/proc/7/status": status("6"),
      "/proc/7/cpuset": "/pod\n",
      "/sys/fs/cgroup/cpuset/pod/cpuset.effective_cpus": "1-2\n",
    }),
    ALL,
  );
  assert.deepEqual(
    allowed({
      "/proc/self/mountinfo": V2,
      "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu\n",
      "/proc/7/status": status("6"),
      "/proc/7/cpuset": "/pod/one\n",
      "/sys/fs/cgroup/pod/one/cpuset.cpus.effective": "1-2\n",
    }),
    ALL,
  );
});

Deno.test("a task that is bound to fewer CPUs than its cpuset has keeps what it has", () => {
  const files = {
    "/proc/self/mountinfo": V1,
    "/proc/7/status": status("2"),
    "/proc/7/cpuset": "/pod\n",
    "/sys/fs/cgroup/cpuset/pod/cpuset.effective_cpus": "1-2\n",
  };
  assert.deepEqual(allowed(files), bytes(2));
  // A CPU that is off is in the task's mask, not in the cpuset's.
  assert.deepEqual(allowed({ ...files, "/proc/7/status": status("e") }), bytes(14));
});

Deno.test("where a task's cpuset cannot be told it keeps what it has; one that is gone has nothing", () => {
  const files = { "/proc/self/mountinfo": V1, "/proc/7/status": status("6") };
  assert.deepEqual(allowed(files), bytes(6), "no cpuset");
  assert.deepEqual(allowed({ ...files, "/proc/self/mountinfo": "" }), bytes(6), "no hierarchy");
  assert.deepEqual(allowed({ ...files, "/proc/7/cpuset": "/gone\n" }), bytes(6), "no folder");
  assert.deepEqual(
    allowed({
      ...files,
      "/proc/7/cpuset": "/../other\n",
      "/sys/fs/cgroup/cpuset/../other/cpuset.effective_cpus": "1-2\n",
    }),
    bytes(6),
    "outside of the namespace",
  );
  assert.equal(allowed({ "/proc/self/mountinfo": V1 }), undefined);
});
