/** The agent at its defaults under far more processes than the machine can carry: it degrades, says so, recovers, leaves nothing behind. */

import assert from "node:assert/strict";
import type { EnforcementSnapshot } from "../../api/agent_view.ts";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import { type AgentProcess, Place } from "./agent_process.ts";
import { nativeProgram } from "./build_native.ts";
import { TestCgroup } from "./cgroups.ts";
import { childrenOf, scheduling, sleep, until, whyNotLive } from "./lab.ts";

const SCHED_NORMAL = 0;
const CROWD = 10_000, BOMB = 1_023;

const normal = (pids: number[]) => pids.filter((pid) => scheduling(pid).policy === SCHED_NORMAL).length;

/**
 * Waits until the guard has switched off, and says how many of these are as they were then. It tries again after a while, and
 * reading so many takes one: what was counted while it did says nothing, and is counted again.
 */
async function whileOff(agent: AgentProcess, pids: number[]) {
  for (;;) {
    const off = await agent.until<EnforcementSnapshot>(
      "the guard",
      "/enforcement",
      ({ by }) => by === "guard",
    );
    const back = normal(pids), { status } = await agent.request("GET", "/readyz");
    const { since } = await agent.json<EnforcementSnapshot>("GET", "/enforcement");
    if (since === off.since) return { off, back, status };
  }
}

/** Waits until so many invocations are in progress in the agent's eyes. */
async function active(agent: AgentProcess, count: number): Promise<void> {
  for (const end = Date.now() + 600_000;;) {
    const now = await agent.metric("alps_active_invocations");
    if (now === count) return;
    assert.ok(Date.now() < end, `${now} are active, not ${count}`);
    await sleep(50);
  }
}

/**
 * After what was too much for it: the agent has no invocation left that is not there, orders those that come, and puts them back.
 * @returns what it has said
 */
async function recovers(place: Place, agent: AgentProcess, program: string): Promise<string> {
  await active(agent, 0);
  // A pause of the guard's may be under way: it ends by itself.
  await agent.until<EnforcementSnapshot>("enforcement", "/enforcement", ({ enabled }) => enabled);
  const n = onlineCpus().length, pids = Array.from({ length: 3 * n }, () => place.start(program, 0).pid);
  await until("an order", () => normal(pids) === n);
  assert.equal((await agent.request("GET", "/readyz")).status, 200);
  const { code, stderr } = await agent.end("SIGTERM");
  assert.equal(code, 0, stderr);
  assert.equal(normal(pids), pids.length, "everything is put back");
  const journals = [...Deno.readDirSync(`${place.folder}/state`)].filter(({ name }) =>
    name.includes("journal")
  );
  assert.deepEqual(journals, []);
  return stderr;
}

Deno.test({
  name:
    `agent: ${CROWD} processes at once, at its defaults: it goes on, says what it could not do, and recovers`,
  ignore: whyNotLive !== undefined,
  fn: async () => {
    await using place = await Place.make();
    const program = await place.program("fn/f");
    const agent = await place.agent("--rule", `exe:${place.folder}/fn/{function}`);
    await place.run(1, program, 1);
    await using cgroup = TestCgroup.make("crowd-agent");
    const enter = 'echo $$ > "$0/cgroup.procs"; exec "$@"';
    const starter = place.start(
      ...[
        "/bin/sh",
        "-c",
        enter,
        cgroup.path,
        await nativeProgram("crowd"),
        CROWD,
        program,
        "-g",
        0,
      ] as const,
    );
    let started = 0;
    await until(
      () => `all of them, not ${started}`,
      () => (started = childrenOf(starter.pid).length) === CROWD,
      240,
    );
    const pids = childrenOf(starter.pid);
    await active(agent, CROWD);
    // No order of so many keeps each wait within 5 s: the guard has to leave them to the kernel, and to say so.
    const { off, back, status } = await whileOff(agent, pids);
    assert.equal(off.enabled, false);
    assert.match(off.reason!, /longer than 5 s|later than 50 ms|events from the kernel have been lost/);
    assert.equal(back, CROWD, "everything is put back");
    assert.equal(status, 503);
    starter.kill("SIGTERM");
    assert.equal((await starter.status).code, 0);
    const stderr = await recovers(place, agent, program);
    assert.match(stderr, /enforcement is off: /);
    assert.match(stderr, /enforcement is on/);
    console.log(`the guard: ${off.reason}`);
  },
});

Deno.test({
  name:
    "agent: a fork bomb in a function, at its defaults: one invocation, all of it is put back, and the agent recovers",
  ignore: whyNotLive !== undefined,
  fn: async () => {
    await using place = await Place.make();
    const program = await place.program("fn/f"), bomb = `${place.folder}/fn/bomb`;
    await Deno.copyFile(await nativeProgram("bomb"), bomb);
    const agent = await place.agent("--rule", `exe:${place.folder}/fn/{function}`);
    await place.run(1, program, 1);
    await using cgroup = TestCgroup.make("bomb-agent");
    const enter = 'echo $$ > "$0/cgroup.procs"; exec "$@"';
    // 2 to the power of 9 processes, twice less one, each of which wants a minute of CPU time.
    const root = place.start("/bin/sh", "-c", enter, cgroup.path, bomb, 9, 60_000);
    const members = () => cgroup.read("cgroup.procs").split("\n").filter(Boolean).map(Number);
    await until("all of it", () => members().length === BOMB);
    const all = members();
    for (let i = 0; i < onlineCpus().length; i++) place.start(program, 20);
    await active(agent, 1);
    assert.equal((await agent.request("PUT", "/enforcement", { enabled: false })).status, 200);
    assert.equal(normal(all), BOMB);
    assert.equal((await agent.request("PUT", "/enforcement", { enabled: true })).status, 200);
    for (const pid of all) Deno.kill(pid, "SIGKILL");
    await root.status;
    await recovers(place, agent, program);
    assert.equal(members().length, 0);
  },
});
