import assert from "node:assert/strict";
import { cgroupHierarchies, findCgroupMount } from "../../enforce/cgroup_mount.ts";

const V1 = "30 25 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct";
const V1_OTHER = "31 25 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset";
const V2 = "32 25 0:28 / /sys/fs/cgroup/unified rw shared:4 - cgroup2 cgroup2 rw,nsdelegate";

Deno.test("findCgroupMount() finds the cpu controller in version 1, 2, or on machines with both", () => {
  const cases: [text: string[], controllers: string, found: string | undefined][] = [
    [[V1_OTHER, V1, V2], "", "/sys/fs/cgroup/cpu,cpuacct cpu.shares 2"],
    [[V2], "cpuset cpu io", "/sys/fs/cgroup/unified cpu.weight 1"],
    [[V1_OTHER, V2], "cpu memory", "/sys/fs/cgroup/unified cpu.weight 1"],
    [[V1_OTHER, V2], "cpuset memory", undefined],
    [[V1.replace(" / ", " /docker/x ")], "", undefined],
    [[V1.replace("cpu,cpuacct rw", "my\\040cpu rw")], "", "/sys/fs/cgroup/my cpu cpu.shares 2"],
    [[], "", undefined],
    [["nonsense"], "", undefined],
  ];
  for (const [lines, controllers, expected] of cases) {
    const found = findCgroupMount(cgroupHierarchies(lines.join("\n") + "\n", () => controllers));
    assert.equal(found && `${found.path} ${found.weightFile} ${found.leastWeight}`, expected);
  }
});
