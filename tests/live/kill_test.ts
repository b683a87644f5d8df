/**
 * The agent is killed 100 times, at random moments of its start and of its work, under load, and started again each time.
 * After that, and one clean stop, the machine is as if there had never been one.
 */

import assert from "node:assert/strict";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import { type AgentProcess, Place } from "./agent_process.ts";
import { childrenOf, scheduling, sleep, threadsOf, until, whyNotLive } from "./lab.ts";
import { mount, TestCgroup } from "./cgroups.ts";
import { bpfObjects } from "./resources.ts";

const SCHED_IDLE = 5;
const KILLS = 100;
/** The load is not to hold up a hundred starts. */
const AHEAD = ["/usr/bin/nice", "-n", "-20"];

Deno.test({
  name: `agent: killed ${KILLS} times at random moments under load, it leaves nothing behind`,
  ignore: whyNotLive !== undefined,
  fn: async () => {
    await using place = await Place.make();
    const n = onlineCpus().length, folder = place.folder;
    const path = await place.program("fn/long"), short = await place.program("fn/short");
    const rule = ["--rule", `exe:${folder}/fn/{function}`];
    const objects = new Set(await bpfObjects());
    const family = place.start("/usr/bin/nice", "-n", 5, path, "-t", 2, "-c", 1, 0).pid;
    const blocking = place.start("/usr/bin/chrt", "-b", 0, path, "-b", 0).pid;
    const spinning = Array.from({ length: 2 * n }, () => place.start(path, 0).pid);
    // Two in cgroups of their own, whose weights are ours to change and to put back.
    await using stack = new AsyncDisposableStack();
    const groups = mount ? ["kill-a", "kill-b"].map((name) => stack.use(TestCgroup.make(name))) : [];
    groups.forEach((group, i) => {
      group.weight = "300";
      group.take(spinning[i]!);
    });
    const demotedGroups = () => groups.filter(({ demoted }) => demoted).length;
    await until("a child", () => childrenOf(family).length === 1);
    const all = () => [family, ...childrenOf(family), blocking, ...spinning].flatMap(threadsOf);
    await until("all threads", () => all().length === 4 + 1 + 2 * n);
    const before = new Map(all().map((tid) => [tid, described(tid)]));

    let leftGroups = 0;
    const { left, startMs } = await killAgain(place, rule, short, all, () => {
      if (demotedGroups() > 0) leftGroups++;
    });
    assert.ok(left >= KILLS / 10, `only ${left} of ${KILLS} kills left something to put back`);
    assert.ok(!mount || leftGroups > 0, "some kills left a cgroup to put back");

    const last = await place.agent(...rule);
    await until("it works", () => all().some((tid) => scheduling(tid).policy === SCHED_IDLE));
    const { code, stderr } = await last.end("SIGTERM");
    assert.equal(code, 0, stderr);
    for (const [tid, was] of before) assert.deepEqual(described(tid), was, `task ${tid}`);
    for (const group of groups) assert.equal(group.weight, "300");
    const kept = [...Deno.readDirSync(`${folder}/state`)].map(({ name }) => name);
    assert.deepEqual(kept, ["learned.sqlite"], "what was learned, whole: no journal, no log");
    assert.deepEqual([...Deno.readDirSync(`${folder}/run/alps`)].map(({ name }) => name), ["agent.lock"]);
    // The kernel frees programs, maps and links a moment after their last holder has ended.
    let more: string[] = [];
    const settled = async () => (more = (await bpfObjects()).filter((id) => !objects.has(id))).length === 0;
    for (const end = Date.now() + 60_000; !(await settled()) && Date.now() < end;) await sleep(100);
    assert.deepEqual(more, [], "the kernel holds no more of eBPF than before");
    console.log(
      `${left} of ${KILLS} kills left a task demoted, ${leftGroups} a cgroup; an agent started in ${startMs} ms`,
    );
  },
});

/** Class, nice value and allowed CPUs. */
function described(tid: number) {
  const cpus = /Cpus_allowed_list:\s*(\S+)/.exec(Deno.readTextFileSync(`/proc/${tid}/status`))?.[1];
  return { ...scheduling(tid), cpus };
}

/**
 * Kills {@link KILLS} agents while short functions come and go.
 * @param killed called after each
 * @returns how many kills left a task demoted, and what a start took
 */
async function killAgain(
  place: Place,
  rule: string[],
  short: string,
  tids: () => number[],
  killed: () => void,
): Promise<{ left: number; startMs: number }> {
  let left = 0, stopped = false;
  const load = (async () => {
    while (!stopped) await place.start(short, 4).status;
  })();
  try {
    const first = Date.now();
    const agent = place.spawnAgent(rule, AHEAD);
    await agent.listening();
    const startMs = Date.now() - first;
    await agent.end("SIGKILL");
    for (let kill = 1; kill < KILLS; kill++) {
      await killLater(place.spawnAgent(rule, AHEAD), 1.4 * startMs * Math.random());
      if (tids().some((tid) => scheduling(tid).policy === SCHED_IDLE)) left++;
      killed();
    }
    return { left, startMs };
  } finally {
    stopped = true;
    await load;
  }
}

async function killLater(agent: AgentProcess, ms: number): Promise<void> {
  await sleep(ms);
  assert.equal((await agent.end("SIGKILL")).code, 137, agent.stderr);
}
