/** Identities of processes in real cgroups: the hierarchy of the cpu controller, whichever version it has here. */
import assert from "node:assert/strict";
import { readIdentity } from "../../observe/identity.ts";
import { RuleSet } from "../../observe/rule_set.ts";
import { parseRule } from "../../observe/rules.ts";

const isRoot = Deno.uid() === 0;
if (!isRoot) console.log("skip: making cgroups needs root");

/** Where a cgroup hierarchy is mounted: of version 1 with the cpu controller, else of version 2. */
function cpuHierarchy(): string {
  const mounts = Deno.readTextFileSync("/proc/self/mounts").split("\n").map((line) => line.split(" "));
  const v1 = mounts.find(([, , type, options]) => type === "cgroup" && options?.split(",").includes("cpu"));
  const found = v1 ?? mounts.find(([, , type]) => type === "cgroup2");
  assert.ok(found?.[1], "no cgroup hierarchy is mounted");
  return found[1];
}

/** A cgroup of the test's own, removed at the end together with the ones in it. */
function makeCgroup(...path: string[]): { path: string } & AsyncDisposable {
  const folders = path.map((_, index) => [cpuHierarchy(), ...path.slice(0, index + 1)].join("/"));
  for (const folder of folders) Deno.mkdirSync(folder);
  return {
    path: folders.at(-1)!,
    async [Symbol.asyncDispose]() {
      for (const folder of folders.toReversed()) await remove(folder);
    },
  };
}

/** A cgroup is busy until the kernel has let go of the processes that ended in it. */
async function remove(folder: string): Promise<void> {
  for (let left = 500;; left--) {
    try {
      return Deno.removeSync(folder);
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

Deno.test({
  name:
    "readIdentity() finds a process in its cgroup of the cpu controller, and a rule takes the function from there",
  ignore: !isRoot,
  async fn() {
    const top = `alps-test-${Deno.pid}`;
    const rules = new RuleSet();
    rules.add(parseRule(`cgroup:/${top}/{function}`, "command line"));
    await using cgroup = makeCgroup(top, "fib-18", "instance (1): a");
    const child = new Deno.Command("/bin/sleep", { args: ["60"] }).spawn();
    try {
      const before = readIdentity(child.pid);
      assert.ok(before !== undefined && before.cgroupCpu !== undefined);
      assert.equal(rules.match(before).kind, "none");

      Deno.writeTextFileSync(`${cgroup.path}/cgroup.procs`, String(child.pid));
      const identity = readIdentity(child.pid);
      assert.ok(identity);
      assert.equal(identity.cgroupCpu, `/${top}/fib-18/instance (1): a`);
      assert.ok(!identity.cgroupsOther.includes(identity.cgroupCpu));
      assert.equal(identity.startTimeTicks, before.startTimeTicks);

      const verdict = rules.match(identity);
      assert.ok(verdict.kind === "function");
      assert.equal(verdict.functionName, "fib-18");
      assert.equal(verdict.cacheable, true);
    } finally {
      child.kill("SIGKILL");
      await child.status;
    }
    assert.equal(readIdentity(child.pid), undefined);
  },
});
