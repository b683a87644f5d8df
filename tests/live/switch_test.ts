/** Enforcement switched off and on while the agent runs: everything is put back, and ordered again. */

import assert from "node:assert/strict";
import type { EnforcementSnapshot } from "../../api/agent_view.ts";
import { type AgentProcess, Place } from "./agent_process.ts";
import { childrenOf, scheduling, sleep, until, whyNotLive } from "./lab.ts";

const SCHED_NORMAL = 0, SCHED_IDLE = 5;
/** So many processes, in invocations of a hundred. */
const PROCESSES = 1000;
/** Theirs: a thousand of nice 0 would leave this test and the agent next to nothing of the CPUs. */
const NICE = 19;

/** Starts invocations of a hundred processes each, and gives the pids of all. */
async function families(place: Place, path: string): Promise<number[]> {
  const roots = Array.from(
    { length: PROCESSES / 100 },
    () => place.start("/usr/bin/nice", "-n", NICE, path, "-c", 99, 0).pid,
  );
  const all = () => roots.flatMap((root) => [root, ...childrenOf(root)]);
  await until("all processes", () => all().length === PROCESSES);
  return all();
}

function policies(pids: number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const pid of pids) {
    const { policy, nice } = scheduling(pid);
    if (policy === SCHED_NORMAL) assert.equal(nice, NICE);
    counts[policy] = (counts[policy] ?? 0) + 1;
  }
  return counts;
}

/** Has the agent know a program, so that children of a new process are followed from the first on. */
async function introduce(place: Place, agent: AgentProcess, path: string): Promise<void> {
  const process = place.start(path, "-b", 0);
  await agent.until<{ functions: unknown[] }>("it is known", "/functions", (all) => all.functions.length > 0);
  process.kill("SIGKILL");
  await process.status;
}

Deno.test({
  name: "agent: PUT /enforcement and SIGUSR1 put a thousand processes back, and order them again",
  ignore: whyNotLive !== undefined,
  fn: async () => {
    await using place = await Place.make();
    const path = await place.program("fn/f");
    // No wait is too long here: the guard is another test's.
    const agent = await place.agent("--rule", `exe:${place.folder}/fn/{function}`, "--max-wait", "3600");
    await introduce(place, agent, path);
    const pids = await families(place, path);
    const demoted = () =>
      until("most are demoted", () => (policies(pids)[SCHED_IDLE] ?? 0) >= 0.8 * PROCESSES);
    const restored = () => assert.deepEqual(policies(pids), { [SCHED_NORMAL]: PROCESSES });
    await demoted();

    const begin = performance.now();
    const off = await agent.json<EnforcementSnapshot>("PUT", "/enforcement", { enabled: false });
    const answeredMs = performance.now() - begin;
    restored();
    console.log(
      `${PROCESSES} processes were back after ${
        Math.round(answeredMs)
      } ms, when the request was answered; looking at ` +
        `them took another ${Math.round(performance.now() - begin - answeredMs)} ms`,
    );
    assert.deepEqual([off.enabled, off.by], [false, "person"]);
    assert.deepEqual(await agent.json("GET", "/enforcement"), off);
    const { status, text } = await agent.request("GET", "/readyz");
    assert.equal(status, 503);
    assert.match(text, /enforcement is off: switched off by a person/);
    assert.equal(await agent.metric("alps_enforcement_enabled"), 0);
    await sleep(1000);
    restored();

    const on = await agent.json<EnforcementSnapshot>("PUT", "/enforcement", { enabled: true });
    assert.equal(on.enabled, true);
    await demoted();
    assert.equal((await agent.request("GET", "/readyz")).status, 200);

    agent.process.kill("SIGUSR1");
    await until("it is off", () => (policies(pids)[SCHED_NORMAL] ?? 0) === PROCESSES);
    agent.process.kill("SIGUSR1");
    await demoted();
    const { code, stderr } = await agent.end("SIGTERM");
    assert.equal(code, 0, stderr);
    restored();
    assert.match(stderr, /enforcement is off, as asked for/);
    assert.match(stderr, /enforcement is on/);
  },
});

Deno.test({
  name: "agent --backend none: there is nothing to switch on",
  ignore: whyNotLive !== undefined,
  fn: async () => {
    await using place = await Place.make();
    const agent = await place.agent("--backend", "none");
    assert.equal((await agent.request("PUT", "/enforcement", { enabled: true })).status, 409);
    const off = await agent.json<EnforcementSnapshot>("PUT", "/enforcement", { enabled: false });
    assert.equal(off.enabled, false);
    assert.match(off.reason ?? "", /backend is none/);
    assert.equal((await agent.request("GET", "/readyz")).status, 200);
    assert.equal((await agent.end("SIGTERM")).code, 0);
  },
});
