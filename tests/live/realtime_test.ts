/** The event thread's class where cgroups have budgets for real-time threads (CONFIG_RT_GROUP_SCHED). */
import assert from "node:assert/strict";
import { cgroupMount } from "../../enforce/cgroup_mount.ts";
import { Place } from "./agent_process.ts";
import { scheduling, whyNotLive } from "./lab.ts";

const SCHED_FIFO = 1;

/** A cgroup of the cpu controller, version 1, that gives real-time threads no time, as systemd makes them for services. */
const group = cgroupMount()?.version === 1 ? `${cgroupMount()!.path}/alps-test-rt-${Deno.pid}` : undefined;

Deno.test({
  name: "agent in a service's cgroup without a real-time budget: its event thread has its class all the same",
  ignore: whyNotLive !== undefined || !await hasBudgets(),
  fn: async () => {
    await Deno.mkdir(group!);
    try {
      await using place = await Place.make();
      const wrapper = ["/bin/sh", "-c", 'echo 0 >"$0/tasks" && exec "$@"', group!];
      const agent = place.spawnAgent(["--rule", "comm:alps-no-such-{function}"], wrapper);
      await agent.listening();
      const members = (await Deno.readTextFile(`${group}/cgroup.procs`)).split("\n");
      assert.ok(members.includes(String(agent.pid)), `the agent is in ${group}: ${members}`);
      const policies = [...Deno.readDirSync(`/proc/${agent.pid}/task`)]
        .map(({ name }) => scheduling(Number(name)).policy);
      assert.equal(policies.filter((policy) => policy === SCHED_FIFO).length, 1, String(policies));
      const { code, stderr } = await agent.end("SIGTERM");
      assert.equal(code, 0, stderr);
      assert.doesNotMatch(stderr, /real-time/);
    } finally {
      await Deno.remove(group!);
    }
  },
});

/** Whether cgroups have budgets for real-time threads: CONFIG_RT_GROUP_SCHED. */
async function hasBudgets(): Promise<boolean> {
  try {
    await Deno.stat(`${cgroupMount()!.path}/cpu.rt_runtime_us`);
    return true;
  } catch {
    console.log("skip: no cgroup has a budget for real-time threads (CONFIG_RT_GROUP_SCHED, version 1)");
    return false;
  }
}
