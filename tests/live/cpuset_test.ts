/** A task that was moved follows its cpuset afterwards as it did before. */

import assert from "node:assert/strict";
import { findCpusetMount } from "../../enforce/allowed_cpus.ts";
import { cgroupHierarchies } from "../../enforce/cgroup_mount.ts";
import { parseAllowedCpus } from "../../enforce/cpu_lists.ts";
import { Mover } from "../../enforce/placement.ts";
import { Libc } from "../../ffi/libc.ts";
import { until, whyNotLive } from "./lab.ts";

const mount = findCpusetMount(
  cgroupHierarchies(
    Deno.readTextFileSync("/proc/self/mountinfo"),
    (folder) => Deno.readTextFileSync(`${folder}/cgroup.controllers`),
  ),
);
const whyNot = whyNotLive ?? (mount ? undefined : "no hierarchy with the cpuset controller is mounted");
if (whyNot !== undefined && whyNot !== whyNotLive) console.log(`skip: cpusets: ${whyNot}`);

/** A cpuset of the test's own, to be removed by `end`. */
function makeCpuset(
  cpus: string,
): { path: string; write(file: string, text: string): void; end(): Promise<unknown> } {
  const { path: root, cpusFile } = mount!;
  const path = `${root}/alps-test-${Deno.pid}-cpuset`;
  const write = (file: string, text: string) => Deno.writeTextFileSync(`${path}/${file}`, text);
  if (cpusFile === "cpuset.cpus.effective") {
    Deno.writeTextFileSync(`${root}/cgroup.subtree_control`, "+cpuset");
  }
  Deno.mkdirSync(path);
  write("cpuset.cpus", cpus);
  if (cpusFile === "cpuset.effective_cpus") write("cpuset.mems", "0");
  const end = () =>
    until("nobody is in it", () => {
      try {
        Deno.removeSync(path);
        return true;
      } catch {
        return false;
      }
    });
  return { path, write, end };
}

/** The CPUs that a task may run on, as a mask. */
function mayRunOn(pid: number): number {
  return parseAllowedCpus(Deno.readTextFileSync(`/proc/${pid}/status`))![0]!;
}

Deno.test({
  name:
    "stock: a task that was moved gets the CPUs that its cpuset is given later; one bound by someone stays bound",
  ignore: whyNot !== undefined || navigator.hardwareConcurrency < 2,
  fn: async () => {
    using libc = new Libc();
    const cpuset = makeCpuset("1");
    const processes = [1, 2].map(() => new Deno.Command("sleep", { args: ["600"] }).spawn());
    try {
      const [free, bound] = processes.map(({ pid }) => pid) as [number, number];
      for (const pid of [free, bound]) cpuset.write("cgroup.procs", String(pid));
      const mover = new Mover(libc, [0, 1]);
      assert.equal(mover.move({ tid: free, cpu: 1 }), true);
      cpuset.write("cpuset.cpus", "0-1");
      assert.equal(mayRunOn(free), 0b11, "it follows its cpuset");

      libc.setAffinity(bound, new Uint8Array([0b10, 0, 0, 0, 0, 0, 0, 0]));
      assert.equal(mover.move({ tid: bound, cpu: 1 }), true);
      assert.equal(mayRunOn(bound), 0b10, "it is bound as it was");
    } finally {
      for (const child of processes) child.kill("SIGKILL");
      for (const child of processes) await child.status;
      await cpuset.end();
    }
  },
});
