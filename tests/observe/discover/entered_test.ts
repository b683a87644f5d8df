import assert from "node:assert/strict";
import { hasEntered, type ProcessView } from "../../../observe/discover/entered.ts";

const BOX = "/docker/abc";

/** A machine with a container: pid → parent, ids in its namespaces, cgroup. */
function machine(...processes: [pid: number, parent: number, ids: number[], cgroup: string][]) {
  const views = new Map(processes.map(([pid, parentPid, ids, cgroup]): [number, ProcessView] => [
    pid,
    { parentPid, ids, cgroups: [cgroup] },
  ]));
  const inBox = processes.filter(([, , , cgroup]) => cgroup.startsWith(BOX)).map(([pid]) => pid);
  return (pid: number) => hasEntered(pid, BOX, () => inBox, (each) => views.get(each));
}

Deno.test("hasEntered() tells what was put into a container from what it began with and forked", () => {
  const entered = machine(
    [50, 1, [50], "/system.slice/containerd.service"], // the shim
    [100, 50, [100, 1], BOX],
    [101, 100, [101, 2], `${BOX}/below`],
    [102, 101, [102, 3], BOX],
    [60, 1, [60], "/"], // runc, that puts something in
    [200, 60, [200, 9], BOX],
    [201, 200, [201, 10], BOX],
    [61, 1, [61], "/"],
    [210, 61, [210], BOX], // before it is in the container's namespace
  );
  assert.deepEqual([100, 101, 102].map(entered), [false, false, false]);
  assert.deepEqual([200, 201, 210].map(entered), [true, true, true]);
  assert.equal(entered(999), false, "one that is gone");
});

Deno.test("hasEntered() takes nothing for put in where nothing tells what the container began with", () => {
  // The machine's pid namespace, as of a pod with hostPID: any of its processes may be the first.
  const shared = machine([50, 1, [50], "/"], [100, 50, [100], BOX], [200, 50, [200], BOX]);
  assert.deepEqual([100, 200].map(shared), [false, false]);
  // The sandbox of a browser in it has a namespace of its own: that is not what the container began with.
  const browser = machine(
    [50, 1, [50], "/"],
    [100, 50, [100], BOX],
    [101, 100, [101, 1], BOX],
    [200, 50, [200], BOX],
  );
  assert.deepEqual([100, 101, 200].map(browser), [false, false, false]);
  // Before runc has made the namespace, its process is in the cgroup.
  const early = machine([50, 1, [50], "/"], [100, 50, [100], BOX]);
  assert.equal(early(100), false);
  // A circle of parents, as a reused process id can make one.
  const circle = machine([100, 101, [100, 5], BOX], [101, 100, [101, 6], BOX]);
  assert.equal(circle(100), false);
});
